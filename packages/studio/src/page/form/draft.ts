import { computed, effect, signal } from "@preact/signals";
import type { ModelForm } from "../../forms";

/** Values by name, as a request has them. What is missing is as usual. */
export type Values = Readonly<Record<string, unknown>>;

/** What may differ between two settings that are compared. */
export interface Variant {
  readonly settings: Values;
  readonly scheduler?: { readonly type: string; readonly options: Values } | undefined;
  /** By what requests call them; those that nobody touched are as in the config. */
  readonly plugins: Readonly<Record<string, PluginChoice>>;
  /** Scales by name. */
  readonly loras: Readonly<Record<string, number>>;
}

export interface PluginChoice {
  readonly isOn: boolean;
  readonly options: Values;
}

/** Settings that two images must have in common, so that they can be compared. */
export const commonNames: readonly string[] = ["prompt", "negative_prompt", "width", "height", "seed"];

export const emptyVariant: Variant = { settings: {}, plugins: {}, loras: {} };

/** Prompt, size and seed. */
export const common = signal<Values>({});

const usualPreviews = 8;

/** One, or two to compare. */
export const variants = signal<readonly Variant[]>([emptyVariant]);

/** Which of them the form shows. */
export const shownVariant = signal(0);

export const variant = computed(() => variants.value[shownVariant.value] ?? variants.value[0]!);

/** Images that are drawn at a click, with seeds counted up. */
export const imageCount = signal(1);

/** Times that an image is shown on its way, evenly spaced; each costs a run of the decoder. */
export const previewCount = signal(usualPreviews);

/** Files by setting. */
export const pictures = signal<Readonly<Record<string, Blob>>>({});

/** What the server said of the form: a field's name, and why it is refused. */
export const refused = signal<{ readonly param: string | null; readonly message: string } | undefined>(undefined);

export const variantNames = ["A", "B"] as const;

export function changeVariant(change: Partial<Variant>): void {
  const at = shownVariant.peek();
  variants.value = variants.peek().map((one, i) => (i === at ? { ...one, ...change } : one));
}

/** Sets a value, or leaves it to the model again. */
export function withValue(values: Values, name: string, value: unknown): Values {
  const { [name]: _, ...others } = values;
  return value === undefined ? others : { ...others, [name]: value };
}

/** Of a setting, wherever it stands. */
export function settingValue(name: string): unknown {
  return commonNames.includes(name) ? common.value[name] : variant.value.settings[name];
}

export function setValue(name: string, value: unknown): void {
  if (refused.peek()?.param === name) refused.value = undefined;
  if (commonNames.includes(name)) common.value = withValue(common.peek(), name, value);
  else changeVariant({ settings: withValue(variant.peek().settings, name, value) });
}

/** What a setting is when nothing is said. */
export function usualValue(form: ModelForm, name: string): unknown {
  const usual = "image" in pictures.value ? form.defaults_with_image[name] : undefined;
  return usual ?? form.defaults[name];
}

export function setPicture(name: string, picture: Blob | undefined): void {
  const { mask, ...others } = pictures.peek();
  const left = name === "image" ? others : pictures.peek(); // a mask is that of its image
  pictures.value = withValue(left, name, picture) as Readonly<Record<string, Blob>>;
}

/** How a plugin stands in the form: as it was touched, else as in the config. */
export function pluginChoice(plugins: Variant["plugins"], use: string, configured: Values | undefined): PluginChoice {
  return plugins[use] ?? { isOn: configured !== undefined, options: configured ?? {} };
}

export function compareTwo(isWanted: boolean): void {
  const [first = emptyVariant] = variants.peek();
  variants.value = isWanted ? [first, first] : [variant.peek()];
  shownVariant.value = isWanted ? 1 : 0;
}

/** The form outlives the page, but for its pictures. */
export function keepDraft(): void {
  const place = "skipstep.draft";
  try {
    const kept = JSON.parse(localStorage.getItem(place) ?? "{}");
    if (kept.version !== 1) throw new Error("another version's");
    common.value = kept.common;
    variants.value = kept.variants;
    shownVariant.value = Math.min(kept.shown, kept.variants.length - 1);
    previewCount.value = kept.previews;
  } catch {
    localStorage.removeItem(place); // nobody's, or broken
  }
  effect(() => {
    const draft = {
      version: 1,
      common: common.value,
      variants: variants.value,
      shown: shownVariant.value,
      previews: previewCount.value,
    };
    localStorage.setItem(place, JSON.stringify(draft));
  });
}
