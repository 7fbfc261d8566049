import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Kind } from "../kind";
import type { Random } from "../random";
import { runCommand } from "../run-command";
import { copyPipeline, linkPlugins } from "../seeds";
import { small } from "../try-config";

/** Commands that draw nothing and write nothing. */
const commands = ["validate", "inspect", "recipe", "plugins", "schema", "engines", "valdate", "", "--version"];

const odd = [
  ...["", "x", "-1", "--", "-", "a\u0000b", "\u001b[31mred\n\u2028", "x".repeat(100_000), "..", "/dev/null", "~"],
  ...["generate=3", "generate.seed=1e999", "plugins=[null]", "__proto__.x=1", "a.b.c.d=[", "=", "/=1", "generate.=x"],
  ...['lora=["x"]', "components.vae=/dev/null", "device_map=3", 'scheduler={"type":3}', "scheduler.type=DDIM"],
  ...["plugins.0=fbcache", "plugins.7=fbcache", "generate.prompt=[[]]", "generate.timesteps=[null]", "memory=9"],
];

const options = [
  "--set",
  "--set",
  "--set",
  "--json",
  "--key",
  "--older-than",
  "--cache",
  "--recipe",
  "--unknown",
  "-h",
];

/** Words of a command line. */
function wordsOf(config: string, folder: string, random: Random): string[] {
  const command = random.pick(commands);
  const words = random.chance(0.8) ? [command === "engines" ? "list" : config] : [random.pick([...odd, folder])];
  for (let i = random.few(); i > 0; i--) words.push(random.pick(options), random.pick(odd));
  return [command, ...words];
}

export const commandLineKinds: readonly Kind[] = [
  {
    name: "command line",
    weight: 2,
    prepare({ folder }) {
      linkPlugins(folder);
      const config = join(folder, "config.json");
      const model = copyPipeline("sd35-no-t5", folder);
      writeFileSync(config, JSON.stringify({ model, generate: { ...small, prompt: "a cat" } }));
      mkdirSync(join(folder, "empty"));
      return {
        async attempt(random) {
          await runCommand(wordsOf(config, join(folder, "empty"), random));
          return false;
        },
        sound: () => runCommand(["inspect", config]),
      };
    },
  },
];
