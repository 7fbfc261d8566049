import type { Recipe, RecipeFile } from "@skipstep/core";
import { columns, factsText } from "./columns";
import { readRecipeFile } from "./recipe-file";
import type { Session } from "./session";

/** `skipstep recipe`: how an image was made. */
export function recipe(file: string, { json }: { readonly json?: true }, { terminal }: Session): void {
  const document = readRecipeFile(file);
  terminal.show({ document, lines: recipeLines(document) }, json);
}

/** `emoji, sha256 4f2a91c07b3d`; a path only where somebody else wrote one. */
function fileText({ name, sha256, hub, path }: RecipeFile): string {
  return `${hub ?? path ?? name}${sha256 === undefined ? "" : `, sha256 ${sha256.slice(0, 12)}`}`;
}

function reusedText(regions: Recipe["plugins"][number]["regions"]): string {
  const { size } = new Set(regions.flatMap(({ reused }) => reused));
  return size === 0 ? "" : `: reused ${size} steps`;
}

function recipeLines({ config, image, versions, weights, plugins }: Recipe): string[] {
  const { prompt, negative_prompt: negative, num_images_per_prompt: each = 1, loras, ...settings } = config.generate;
  const prompts = [prompt ?? []].flat();
  const negatives = [negative ?? []].flat().filter((text) => text !== "");
  const count = Math.max(1, prompts.length) * each;
  const { type = "", ...scheduler } = config.scheduler ?? {};
  return columns([
    ...prompts.map((text) => ["prompt", text]),
    ...negatives.map((text) => ["negative", text]),
    ...(count > 1 || image > 0 ? [["image", count > image ? `${image + 1} of ${count}` : `${image + 1}`]] : []),
    ["settings", factsText(settings)],
    ["model", `${fileText(config.model)}${config.variant === undefined ? "" : ` (${config.variant})`}`],
    ...Object.entries(config.components ?? {}).map(([name, file]) => ["component", `${name}: ${fileText(file)}`]),
    ...(config.lora ?? []).map(({ path, scale }) => ["lora", `${fileText(path)} at scale ${scale}`]),
    ...(loras ?? []).map(({ path, scale }) => ["lora", `${fileText(path)} at scale ${scale}, beside the weights`]),
    ...(config.textual_inversions ?? []).map(({ path, token }) => [
      "word",
      `${token === undefined ? "" : `${[token].flat().join(", ")}: `}${fileText(path)}`,
    ]),
    ["device", config.device ?? ""],
    ["scheduler", [type, factsText(scheduler)].filter((text) => text !== "").join(": ")],
    ...plugins.flatMap(({ name, regions }, i) => [
      ["plugin", `${name}${reusedText(regions)}`],
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
