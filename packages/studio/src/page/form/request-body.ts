import type { ModelForm } from "../../forms";
import { base64Of } from "../server/ask";
import { pluginChoice, previewCount, type Values, type Variant } from "./draft";

/** A request without its pictures: what is kept of an image, shown, and filled into the form again. */
export interface DrawnRequest {
  readonly model: string;
  readonly settings: Values;
  readonly variant: Variant;
  /** Settings that came with a picture. */
  readonly pictures: readonly string[];
}

/** What the form says, for a model: settings of others stay where they are. */
export function requestOf(
  form: ModelForm,
  common: Values,
  variant: Variant,
  seed: number,
  pictures: Readonly<Record<string, Blob>>,
): DrawnRequest {
  const taken = (values: Values): Values =>
    Object.fromEntries(Object.entries(values).filter(([name]) => Object.hasOwn(form.settings, name)));
  const usable = (name: string): boolean => form.pictures.includes(name);
  const names = Object.keys(pictures).filter((name) => usable(name) && (name !== "mask" || "image" in pictures));
  const own = taken(variant.settings);
  const { strength: _, padding_mask_crop: _cut, ...others } = own; // say something of an image alone
  return {
    model: form.id,
    settings: { ...taken(common), ...(form.settings.seed ? { seed } : {}) },
    variant: {
      ...variant,
      settings: names.includes("image") ? own : others,
      scheduler: variant.scheduler && form.schedulers[variant.scheduler.type] ? variant.scheduler : undefined,
      loras: Object.fromEntries(Object.entries(variant.loras).filter(([name]) => form.loras.includes(name))),
    },
    pictures: names,
  };
}

/** The body of `POST v1/jobs`. */
export async function jobBody(
  request: DrawnRequest,
  form: ModelForm,
  pictures: Readonly<Record<string, Blob>>,
): Promise<object> {
  const { model, settings, variant } = request;
  const files = request.pictures.map(async (name) => [name, await base64Of(pictures[name]!)] as const);
  const loras = Object.entries(variant.loras).map(([name, scale]) => ({ name, scale }));
  return {
    model,
    previews: previewCount.peek(),
    ...settings,
    ...variant.settings,
    ...(variant.scheduler ? { scheduler: { type: variant.scheduler.type, ...variant.scheduler.options } } : {}),
    ...(isTouched(variant, form) ? { plugins: pluginsOf(variant, form) } : {}),
    ...(loras.length > 0 ? { lora: loras } : {}),
    ...Object.fromEntries(await Promise.all(files)),
  };
}

/** The config's own plugins are asked for by saying nothing: their options may hold more than a request can say. */
function isTouched({ plugins }: Variant, form: ModelForm): boolean {
  return form.plugins.some(({ use, configured }) => {
    const { isOn, options } = pluginChoice(plugins, use, configured);
    return isOn !== (configured !== undefined) || (isOn && JSON.stringify(options) !== JSON.stringify(configured));
  });
}

function pluginsOf({ plugins }: Variant, form: ModelForm): object[] {
  return form.plugins.flatMap(({ use, configured, components }) => {
    const { isOn, options } = pluginChoice(plugins, use, configured);
    return isOn ? [{ use, options, ...(components ? { components } : {}) }] : [];
  });
}
