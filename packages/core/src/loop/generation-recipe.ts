import { resolve } from "node:path";
import type { Config, GenerateConfig } from "../config/config";
import { type PictureSource, picturesOf } from "../image/picture";
import { noteFile } from "../recipe/note-places";
import type { Recipe } from "../recipe/recipe";
import { recipeConfig } from "../recipe/recipe-config";
import type { Report } from "../report/report";
import { versionsOf } from "../report/versions";
import { pictureSettingNames, pictureSettings } from "../settings/common-settings";
import { findLoraFile } from "../weights/lora/lora-file";
import type { PipelineParts } from "./pipeline";
import { pictureExtras } from "./request";
import type { Settings } from "./settings";

/** How the first image of a generation was made. */
export function generationRecipe(parts: PipelineParts, settings: Settings, reports: Report["plugins"]): Recipe {
  const { config, plugins, models, scheduler, places, cacheDir } = parts;
  const pictures = pictureSettingNames.map((name) => [name, picturesOf(settings[name])] as const);
  const missing = [
    ...(settings.latents ? (["latents"] as const) : []),
    ...pictures.filter(([, sources]) => !areFiles(sources)).map(([name]) => pictureExtras[name]),
  ];
  const files = pictures.flatMap(([name, sources]) =>
    areFiles(sources) && sources.length > 0
      ? [[name, sources.map((file) => noteFile(cacheDir, resolve(file)))] as const]
      : [],
  );
  const loras = settings.loras?.map(({ path, scale }) => ({
    path: noteFile(cacheDir, path, () => findLoraFile(path)),
    scale,
  }));
  const made = {
    ...withoutLimits(config),
    scheduler: { type: scheduler.className, ...config.scheduler },
    generate: plainSettings(parts, settings),
  };
  return {
    recipe: 2,
    config: recipeConfig(made, places, Object.fromEntries(files), loras),
    image: 0,
    versions: versionsOf(plugins),
    weights: Object.fromEntries(models.map(({ name, identity }) => [name, identity])),
    ...(missing.length === 0 ? {} : { missing }),
    plugins: reports.map(({ name, regions }) => ({
      name,
      regions: regions.map(({ name: region, from, to, reused, numbers }) => ({
        name: region,
        from,
        to,
        reused,
        numbers,
      })),
    })),
  };
}

/** Of the settings that the family takes, those that are no files. */
function plainSettings({ model }: PipelineParts, settings: Settings): GenerateConfig {
  const taken = Object.entries(settings).filter(
    ([key]) =>
      !Object.hasOwn(pictureSettings, key) &&
      key !== "loras" &&
      Object.hasOwn(model.family.settings, key) &&
      (key !== "negative_prompt" || settings.has_negative_prompt),
  );
  return Object.fromEntries(taken);
}

/** What somebody else allows, and how much he keeps, says nothing of this machine. */
function withoutLimits({
  limits: _,
  request_loras: _allowed,
  conditioning_cache: _kept,
  provider_options: _driven,
  ...config
}: Config): Config {
  return config;
}

function areFiles(pictures: readonly PictureSource[]): pictures is readonly string[] {
  return pictures.every((picture) => typeof picture === "string");
}
