import type { Recipe } from "@skipstep/core";
import { columns, factsText } from "./columns";
import { readRecipeFile } from "./recipe-file";
import type { Session } from "./session";

/** `skipstep recipe`: how an image was made. */
export function recipe(file: string, { json }: { readonly json?: true }, { terminal }: Session): void {
  const document = readRecipeFile(file);
  terminal.show({ document, lines: recipeLines(document) }, json);
}

function recipeLines({ config, image, versions, weights, plugins }: Recipe): string[] {
  const { prompt, negative_prompt: negative, num_images_per_prompt: each = 1, ...settings } = config.generate;
  const prompts = [prompt ?? []].flat();
  const negatives = [negative ?? []].flat().filter((text) => text !== "");
  const count = Math.max(1, prompts.length) * each;
  const { type = "", ...scheduler } = config.scheduler ?? {};
  return columns([
    ...prompts.map((text) => ["prompt", text]),
    ...negatives.map((text) => ["negative", text]),
    ...(count > 1 ? [["image", `${image + 1} of ${count}`]] : []),
    ["settings", factsText(settings)],
    ["model", `${config.model}${config.variant === undefined ? "" : ` (${config.variant})`}`],
    ["device", config.device],
    ["scheduler", [type, factsText(scheduler)].filter((text) => text !== "").join(": ")],
    ...plugins.flatMap(({ name, summary, regions }, i) => [
      ["plugin", `${name}: ${summary}`],
      ["", factsText(config.plugins[i]?.options ?? {})],
      ...regions
        .filter(({ reused }) => reused.length > 0)
        .map(({ name: region, reused }) => [
          "",
          `${region}: reused in steps ${reused.map((step) => step + 1).join(" ")}`,
        ]),
    ]),
    ["weights", factsText(weights)],
    ["versions", factsText(versions)],
  ]).filter((line) => line !== "");
}
