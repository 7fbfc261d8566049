import { dirname } from "node:path";
import {
  findPlugin,
  type GenerateConfig,
  imagesSettingOf,
  locatePlugin,
  pictureSettingNames,
  planImages,
  SkipstepError,
  subjectOf,
} from "@skipstep/core";
import type { JsonSchema, ModelForm, PluginForm } from "@skipstep/studio";
import type { RequestLimits } from "../options";
import type { ServedModel } from "./model-pool";

type Facts = Readonly<Record<string, unknown>>;

/** What a request to a model may say, and what it is when it says nothing. No path of the machine is in it. */
export async function modelForm(
  model: ServedModel,
  { plugins, limits }: { readonly plugins: readonly string[]; readonly limits: RequestLimits },
): Promise<ModelForm> {
  const { config, model: recognised } = model.checked;
  const { family, configs, checkpoint } = recognised;
  const pictures = pictureSettingNames.filter((name) => canTake(model, name));
  const settings = Object.entries(family.settings).filter(([name]) => isPlain(model, name, pictures));
  const known = (given: Facts): Facts =>
    Object.fromEntries(settings.flatMap(([name]) => (given[name] === undefined ? [] : [[name, given[name]]])));
  const neutral = Object.fromEntries(settings.map(([name, { neutral }]) => [name, neutral]));
  const defaults = known({ ...neutral, ...family.defaults(configs, false), ...config.generate });
  const withImage = known({ ...family.defaults(configs, true), ...config.generate });
  return {
    id: model.id,
    title: family.title ?? family.className,
    subject: subjectOf(model.checked)?.setting ?? null,
    settings: Object.fromEntries(settings.map(([name, { schema }]) => [name, schema as JsonSchema])),
    defaults,
    defaults_with_image: Object.fromEntries(
      Object.entries(withImage).filter(([name, value]) => value !== defaults[name]),
    ),
    size_multiple: family.sizeMultiple(configs),
    pictures,
    looks_at_images: family.references !== undefined,
    loras: Object.keys(config.request_loras ?? {}),
    scheduler: config.scheduler?.type ?? checkpoint.component("scheduler").className,
    schedulers: schedulersOf(model),
    plugins: await pluginsOf(model, plugins),
    limits: { n: limits.n, side: limits.side, steps: limits.steps, body_bytes: limits.bodyBytes },
  };
}

/** Settings that are words and numbers; those of ControlNets where there is one. */
function isPlain({ checked }: ServedModel, name: string, pictures: readonly string[]): boolean {
  if ((pictureSettingNames as readonly string[]).includes(name) || name === "loras") return false;
  if (name === imagesSettingOf(checked)) return false;
  return pictures.includes("control_image") || !/^(control|guess_mode$)/.test(name);
}

/** Whether a picture would be refused: a mask where nothing can be inpainted, one to follow where no ControlNet is. */
function canTake({ checked }: ServedModel, name: string): boolean {
  if (!Object.hasOwn(checked.model.family.settings, name)) return false;
  const needed = name === "image_reference" ? { image: "a", mask: "a" } : name === "mask" ? { image: "a" } : {};
  try {
    planImages(checked, { ...needed, [name]: "a" } as GenerateConfig); // no file is opened
    return true;
  } catch (error) {
    return error instanceof SkipstepError && error.settings?.includes(name) !== true;
  }
}

function schedulersOf({ checked }: ServedModel): Readonly<Record<string, JsonSchema>> {
  const { family, schedulers } = checked.model;
  const names = schedulers.among(family.schedulers ?? Object.keys(schedulers.schemas), family.unfitSchedulers);
  return Object.fromEntries(names.map((name) => [name, schedulers.schemas[name] as unknown as JsonSchema]));
}

/** The config's, then those that the operator allows and the model suits. */
async function pluginsOf({ checked }: ServedModel, named: readonly string[]): Promise<PluginForm[]> {
  const { plugins, model, file } = checked;
  const folder = file === undefined ? process.cwd() : dirname(file);
  const own = plugins.plugins.map(({ use, manifest, options, components }): PluginForm => {
    const place = components ? { components } : {};
    return { ...formOf(use, manifest, folder), ...place, configured: withoutPaths(options) };
  });
  const others = named.filter((use) => own.every((plugin) => plugin.use !== use));
  const found = await Promise.all(others.map((use) => findPlugin(use, folder)));
  const fitting = found.filter(({ manifest: { name, requires = [] } }) => {
    const isFit = requires.every((feature) => model.structure.features.includes(feature));
    return isFit && own.every((plugin) => plugin.name !== name);
  });
  return [...own, ...fitting.map(({ use, manifest }) => formOf(use, manifest, folder))];
}

type Manifest = ServedModel["checked"]["plugins"]["plugins"][number]["manifest"];

function formOf(use: string, { name, description, options, conflicts = [] }: Manifest, folder: string): PluginForm {
  const packageName = packageOf(use, folder);
  return {
    use,
    name,
    ...(packageName === undefined ? {} : { package: packageName }),
    description,
    options: options as JsonSchema,
    conflicts,
  };
}

/** None of a class that a program passed. */
function packageOf(use: string, folder: string): string | undefined {
  try {
    return locatePlugin(use, folder).package;
  } catch {
    return undefined;
  }
}

/** What a request may not say is not told it either. */
function withoutPaths(options: Facts): Facts {
  const isPath = (value: unknown): boolean => typeof value === "string" && /[\\/]/.test(value);
  return Object.fromEntries(Object.entries(options).filter(([, value]) => ![value].flat().some(isPath)));
}
