import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRecipe, readRecipe, validateConfig } from "@skipstep/core";
import sharp from "sharp";
import { addText } from "../../../packages/cli/test/png-text";
import type { Kind } from "../kind";
import { mutateBytes } from "../mutate-bytes";
import { mutateJson } from "../mutate-json";
import { runCommand } from "../run-command";
import { copyPipeline, linkPlugins } from "../seeds";
import { small } from "../try-config";

/** Of the first version, whose model is a path, or of the second, which has files. */
function recipeOf(version: 1 | 2, model: string): object {
  const config = {
    model: version === 1 ? model : { name: "sd35", path: model },
    device: "cpu",
    memory: "resident",
    guidance: "batch",
    strict: false,
    scheduler: { type: "FlowMatchEulerDiscreteScheduler", shift: 3 },
    generate: { ...small, prompt: ["a cat"], negative_prompt: [""], num_images_per_prompt: 1 },
    plugins: [{ use: "fbcache", options: { threshold: 0.1 } }],
  };
  const regions = [
    { name: "rest", from: "blocks.1", to: "blocks.3", reused: [1], numbers: { residual_diff: { 1: 0.1 } } },
  ];
  return {
    recipe: version,
    config,
    image: 0,
    versions: { "@skipstep/core": "0.1.0", node: "20.0.0" },
    weights: { transformer: "0".repeat(64) },
    missing: ["latents"],
    plugins: [{ name: "fbcache", summary: "reused 1 of 4 steps", regions }],
  };
}

/** PNG files with a recipe in them: read, told of by the command, and checked as a config. */
export const recipeKinds: readonly Kind[] = [
  {
    name: "recipe in a PNG",
    weight: 5,
    async prepare({ folder }) {
      linkPlugins(folder);
      const model = copyPipeline("sd35-no-t5", folder);
      const plain = await sharp({ create: { width: 4, height: 4, channels: 3, background: "red" } })
        .png()
        .toBuffer();
      const recipes = ([1, 2] as const).map((version) => JSON.stringify(recipeOf(version, model)));
      const file = join(folder, "recipe.png");
      const read = async (png: Buffer): Promise<boolean> => {
        writeFileSync(file, png);
        await runCommand(["recipe", file]);
        const recipe = readRecipe(readFileSync(file), file);
        await validateConfig(await openRecipe(recipe, { allow: true, folder, cacheDir: join(folder, "cache") }));
        return false;
      };
      const withText = (skipstep: string): Buffer => Buffer.from(addText(plain, { skipstep }));
      return {
        attempt(random) {
          const png = withText(mutateJson(random.pick(recipes), random));
          return read(random.chance(0.2) ? mutateBytes(png, random) : png);
        },
        sound: async () => {
          for (const recipe of recipes) await read(withText(recipe));
        },
      };
    },
  },
];
