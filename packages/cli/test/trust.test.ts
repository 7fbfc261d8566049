import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type { PluginCode } from "@skipstep/core";
import { beforeAll, describe, expect, it } from "vitest";
import { run } from "../src/run";
import { Terminal } from "../src/terminal";
import { addText, readText } from "./png-text";
import { type Outcome, outcomeOf, root, skipstep, skipstepJson, startSkipstep } from "./skipstep";
import { temporaryFolder } from "./temporary-folder";

const folder = temporaryFolder();
const fast = path.join(root, "configs/emoji-fast.json");
const emoji = path.join(root, "models/emoji");
const inFolder = (...names: string[]): string => path.join(folder.path, ...names);
const twoSteps = ["--set", "generate.num_inference_steps=2", "--set", "plugins.0.options.threshold=10"];

function write(name: string, content: string | Uint8Array): string {
  const file = inFolder(name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

/** A plugin that leaves a trace when it is imported. */
function trap(name: string): string {
  const json = JSON.stringify({ name, description: "A trap.", options: { type: "object", properties: {} } });
  return `import { writeFileSync } from "node:fs";
    writeFileSync(${JSON.stringify(inFolder("sprung"))}, "");
    export class Trap { beforeStep() {} }
    Reflect.defineMetadata(Symbol.for("skipstep.manifest"), ${json}, Trap);`;
}

/** What a stranger makes of an image: its own recipe with other words in it. */
function stranger(image: string, change: (config: ReturnType<typeof JSON.parse>) => void): string {
  const png = readFileSync(image);
  const recipe = JSON.parse(readText(png).skipstep!);
  change(recipe.config);
  const bare = Buffer.concat([png.subarray(0, 33), png.subarray(png.length - 12)]);
  return write("stranger.png", addText(bare, { skipstep: JSON.stringify(recipe) }));
}

/** At a terminal where somebody types an answer. */
async function answered(answer: string, ...args: string[]): Promise<Outcome> {
  const [stdout, stderr] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY: true })];
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  stdin.end(answer);
  const exitCode = await run(args, new Terminal(stdout, stderr, stdin));
  stdout.end();
  stderr.end();
  return { exitCode, stdout: await text(stdout), stderr: await text(stderr) };
}

let heart = "";
beforeAll(async () => {
  heart = inFolder("heart.png");
  await skipstep("generate", fast, "--prompt", "red heart", ...twoSteps, "--out", heart);
});

describe("generate", () => {
  it("writes the same file again, also where nothing is compiled yet, and no path into it", async () => {
    const again = ["generate", fast, "--prompt", "red heart", ...twoSteps];
    await skipstep(...again, "--out", inFolder("again.png"));
    await skipstep(...again, "--out", inFolder("anew.png"), "--cache", inFolder("other-cache"));
    for (const other of ["again.png", "anew.png"])
      expect(readFileSync(inFolder(other)).equals(readFileSync(heart))).toBe(true);
    expect(readFileSync(heart, "latin1")).not.toContain(path.dirname(root));
    expect(readFileSync(heart, "latin1")).not.toContain(folder.path);
  });

  it("leaves the recipe out with --no-recipe, also of an image that is made again", async () => {
    const bare = inFolder("bare.png");
    const args = ["generate", "--recipe", heart, "--trust", "--no-recipe", "--out", bare];
    expect(await skipstep(...args)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(readText(readFileSync(bare))).toEqual({});
    expect(await skipstep("generate", "--recipe", bare)).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/^SKIPSTEP_RECIPE_MISSING/),
    });
  });
});

describe("generate --recipe", () => {
  const args = (): string[] => ["generate", "--recipe", heart, "--out", inFolder("same.png")];

  it("lists what it would read where nobody can be asked, and reads it with --trust", async () => {
    const refused = await outcomeOf(startSkipstep(args()));
    expect(refused).toMatchObject({ exitCode: 3, stdout: "" });
    expect(refused.stderr).toMatch(/^SKIPSTEP_RECIPE_UNTRUSTED .*: model \/.*models\/emoji\. Say yes on a terminal/);
    expect(existsSync(inFolder("same.png"))).toBe(false);
    expect(await outcomeOf(startSkipstep([...args(), "--trust"]))).toMatchObject({ exitCode: 0, stderr: "" });
    expect(readFileSync(inFolder("same.png")).equals(readFileSync(heart))).toBe(true);
  });

  it("asks on a terminal, and takes nothing but a yes for one", async () => {
    for (const answer of ["", "\n", "n\n", "yep\n"]) {
      const { exitCode, stderr } = await answered(answer, ...args());
      expect([exitCode, stderr]).toEqual([3, expect.stringContaining("SKIPSTEP_RECIPE_UNTRUSTED")]);
      expect(stderr).toMatch(/^The recipe reads:\n {2}model \/.*models\/emoji\nAllow that\? \[y\/N\] /);
    }
    const { exitCode, stdout } = await answered("y\n", ...args());
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("same.png")]);
  });

  it("asks nothing where the user's own words name all of it", async () => {
    const own = ["generate", fast, "--recipe", heart, "--out", inFolder("own.png")];
    expect(await skipstep(...own)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(readFileSync(inFolder("own.png")).equals(readFileSync(heart))).toBe(true);
    expect(await skipstep(...args(), "--set", `model=${emoji}`)).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it.each<[string, (config: ReturnType<typeof JSON.parse>) => void, RegExp]>([
    [
      "a plugin by path",
      (own) => own.plugins.push({ use: write("evil.mjs", trap("evil")) }),
      /RECIPE_REFUSED .*evil\.mjs/,
    ],
    ["a plugin in node_modules that is none", (own) => own.plugins.push({ use: "vitest" }), /PLUGIN_UNKNOWN/],
    ["extends", (own) => Object.assign(own, { extends: fast }), /RECIPE_REFUSED .*"extends"/],
    ["another model", (own) => Object.assign(own, { model: "/etc" }), /RECIPE_UNTRUSTED .*model \/etc[.;]/],
    [
      "a picture",
      (own) => Object.assign(own.generate, { image: "/etc/hosts" }),
      /RECIPE_UNTRUSTED .*generate\.image \/etc\/hosts/,
    ],
    [
      "a LoRA",
      (own) => Object.assign(own, { lora: ["../../etc/x.safetensors"] }),
      /RECIPE_UNTRUSTED .*lora\.0 \/.*etc\/x\.safetensors/,
    ],
    [
      "a component",
      (own) => Object.assign(own, { components: { vae: "/etc" } }),
      /RECIPE_UNTRUSTED .*components\.vae \/etc/,
    ],
  ])("refuses %s, with a config beside it, too, and writes nothing", async (_, change, message) => {
    const png = stranger(heart, change);
    const out = inFolder("refused.png");
    for (const config of [[], [fast]]) {
      const { exitCode, stderr } = await skipstep("generate", ...config, "--recipe", png, "--out", out);
      if (config.length > 0 && /model/.test(message.source)) continue; // the config's own is used
      expect(stderr).toMatch(new RegExp(`^SKIPSTEP_${message.source}`));
      expect(exitCode).not.toBe(0);
    }
    const code = /RECIPE_UNTRUSTED/.test(message.source)
      ? undefined
      : await skipstep("generate", "--recipe", png, "--trust");
    if (code) expect(code.stderr).toMatch(new RegExp(`^SKIPSTEP_${message.source}`));
    expect(existsSync(inFolder("sprung"))).toBe(false);
  });

  it("shows what a stranger's recipe has in it, and loads none of it", async () => {
    const png = stranger(heart, (own) => {
      own.model = "/some/where";
      own.plugins = [{ use: write("evil.mjs", trap("evil")) }];
      own.lora = ["/x/cat.safetensors"];
    });
    const { exitCode, stdout } = await skipstep("recipe", png);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^model +\/some\/where$/m);
    expect(stdout).toMatch(/^lora +\/x\/cat\.safetensors/m);
    expect(existsSync(inFolder("sprung"))).toBe(false);
  });
});

describe("--no-plugins", () => {
  const place = (): string => inFolder("project");
  const file = (): string => inFolder("project/config.json");

  beforeAll(() => {
    const json = { name: "skipstep-plugin-trap", version: "1.2.3", type: "module", exports: "./index.js" };
    write("project/node_modules/skipstep-plugin-trap/package.json", JSON.stringify(json));
    write("project/node_modules/skipstep-plugin-trap/index.js", trap("trap"));
    write("project/mine.mjs", trap("mine"));
    const generate = { height: 128, width: 128 };
    write("project/config.json", JSON.stringify({ model: emoji, generate, plugins: ["trap", "./mine.mjs"] }));
  });

  it.each(["validate", "inspect"])("of %s loads no code, and says which it would be", async (command) => {
    const { exitCode, stdout } = await skipstep(command, file(), "--no-plugins");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^would load +skipstep-plugin-trap 1\.2\.3 \(.*skipstep-plugin-trap\/index\.js\)$/m);
    expect(stdout).toMatch(/^would load +\/.*project\/mine\.mjs$/m);
    const { document } = await skipstepJson<{ code: PluginCode[] }>(command, file(), "--no-plugins");
    expect(document.code).toEqual([
      {
        use: "trap",
        package: "skipstep-plugin-trap",
        version: "1.2.3",
        file: inFolder("project/node_modules/skipstep-plugin-trap/index.js"),
      },
      { use: "./mine.mjs", version: "local", file: inFolder("project/mine.mjs") },
    ]);
    expect(existsSync(inFolder("sprung"))).toBe(false);
  });

  it("of schema loads no code, and says which it would be", async () => {
    const { stdout, stderr } = await skipstep("schema", place(), "--no-plugins");
    expect(stderr).toMatch(/^would load +skipstep-plugin-trap 1\.2\.3 \(.*index\.js\)\n$/);
    expect(JSON.parse(stdout)).toHaveProperty("properties.model");
    expect(existsSync(inFolder("sprung"))).toBe(false);
  });

  it("left out, the code is loaded and told", async () => {
    const { stdout } = await skipstep("validate", file());
    expect(stdout).toMatch(/^code +skipstep-plugin-trap 1\.2\.3 \(.*index\.js\)$/m);
    expect(existsSync(inFolder("sprung"))).toBe(true);
    expect(readdirSync(place()).sort()).toEqual(["config.json", "mine.mjs", "node_modules"]);
  });
});
