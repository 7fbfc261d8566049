import { basename } from "node:path";
import { pictureSettingNames, type Recipe } from "@skipstep/core";
import type { RecipeForm } from "@skipstep/studio";
import type { ServedModel } from "../models/model-pool";

/** What of a recipe a request can say again. Files stand in it by their names alone. */
export function recipeForm({ config, image }: Recipe, models: readonly ServedModel[]): RecipeForm {
  const { model, components, lora, textual_inversions, generate, scheduler, plugins } = config;
  const { loras, ...settings } = generate;
  const pictures = pictureSettingNames.filter((name) => settings[name] !== undefined);
  const count = settings.num_images_per_prompt;
  const place = Math.floor(image / (typeof count === "number" ? count : 1));
  const plain = Object.entries(settings).filter(([name]) => !(pictures as string[]).includes(name));
  const packages = plugins.flatMap(({ use, options }) => (typeof use === "string" ? [{ use, options }] : []));
  const besides = { components, lora, textual_inversions, loras };
  const type = scheduler?.type;
  return {
    models: models.filter(({ checked }) => nameOf(checked.config.model) === model.name).map(({ id }) => id),
    model: model.name,
    settings: Object.fromEntries(plain.map(([name, value]) => [name, textAt(value, place)])),
    ...(type === undefined ? {} : { scheduler: { ...scheduler, type } }),
    plugins: packages,
    left_out: [
      ...pictures,
      ...Object.entries(besides).flatMap(([name, value]) => (isEmpty(value) ? [] : [name])),
      ...plugins.flatMap(({ use }) => (typeof use === "string" ? [] : [`plugin ${use.name}`])),
    ],
  };
}

/** As a recipe calls a model, see `RecipeFile`. */
function nameOf(model: string): string {
  return model.startsWith("hf:") ? model.slice(3) : basename(model);
}

/** Of texts, one for each prompt, the image's. */
function textAt(value: unknown, place: number): unknown {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string") ? (value[place] ?? value[0]) : value;
}

function isEmpty(value: object | undefined): boolean {
  return value === undefined || Object.keys(value).length === 0;
}
