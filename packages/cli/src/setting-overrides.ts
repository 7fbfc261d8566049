import type { Override } from "@skipstep/core";
import { jsonOrText } from "./json-or-text";

/** What commands that run a config may say over it, besides `--set`. */
export interface SettingOptions {
  readonly set?: readonly string[];
  /** Numbers, or what else was typed: the config's schema tells what is wrong with it. */
  readonly steps?: unknown;
  readonly width?: unknown;
  readonly height?: unknown;
  readonly guidance?: unknown;
  readonly trueGuidance?: unknown;
  readonly strength?: unknown;
  /** Files, from the working directory. */
  readonly image?: readonly string[];
  readonly mask?: string;
  readonly negativePrompt?: readonly string[];
  readonly scheduler?: string;
  /** `name`, or `name:option=value,option=value`. False of `--no-plugins`, where a command has that. */
  readonly plugin?: readonly string[];
  readonly device?: string;
  readonly dtype?: string;
  readonly memory?: string;
  readonly strict?: true;
}

/** What the options say over the config: plugins first, so that `--set` may say more of them; then what is more exact. */
export function settingOverrides(options: SettingOptions): (string | Override)[] {
  const { set = [], plugin } = options;
  const named = ([name, path, value]: readonly [string, string, unknown]): Override => ({
    name: `--${name}`,
    path: path.split("."),
    value,
  });
  const first: Override[] = plugin
    ? [{ name: "--plugin", path: ["plugins"], value: plugin.map((text) => pluginOf(text)) }]
    : [];
  const others = (
    [
      ["steps", "generate.num_inference_steps", options.steps],
      ["width", "generate.width", options.width],
      ["height", "generate.height", options.height],
      ["guidance", "generate.guidance_scale", options.guidance],
      ["true-guidance", "generate.true_cfg_scale", options.trueGuidance],
      ["strength", "generate.strength", options.strength],
      ["image", "generate.image", oneFile(options.image)],
      ["mask", "generate.mask", options.mask],
      ["negative-prompt", "generate.negative_prompt", options.negativePrompt],
      ["scheduler", "scheduler.type", options.scheduler],
      ["device", "device", options.device],
      ["dtype", "dtype", options.dtype],
      ["memory", "memory", options.memory],
      ["strict", "strict", options.strict],
    ] as const
  ).map(named);
  return [...first, ...set, ...others.filter(({ value }) => value !== undefined)];
}

/** A single one is no list, as in a config. */
export function oneFile(files: readonly string[] | undefined): string | readonly string[] | undefined {
  return files?.length === 1 ? files[0] : files;
}

/** `fbcache:threshold=0.1,rule=diffusers`; a colon with no `name=` behind it is a part of the path. */
function pluginOf(text: string): { readonly use: string; readonly options: Readonly<Record<string, unknown>> } {
  const [, use = text, list] = /^(.+?):([A-Za-z_]\w*=.*)$/s.exec(text) ?? [];
  if (list === undefined) return { use, options: {} };
  const pairs = list.split(/,(?=[A-Za-z_]\w*=)/).map((pair) => [pair.slice(0, pair.indexOf("=")), pair] as const);
  return {
    use,
    options: Object.fromEntries(pairs.map(([name, pair]) => [name, jsonOrText(pair.slice(name.length + 1))])),
  };
}
