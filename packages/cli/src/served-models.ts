import { basename, extname } from "node:path";
import type { RequestLimits, ServedConfig, ServerOptions } from "@skipstep/server";
import { usage } from "./errors";
import { givenConfig } from "./given-config";
import { type SettingOptions, settingOverrides } from "./setting-overrides";

/** Options that `serve`, `worker` and `mcp` have alike. */
export interface ServedOptions extends SettingOptions {
  readonly allowPlugin?: readonly string[];
  readonly maxImages?: number;
  readonly maxSide?: number;
  readonly maxSteps?: number;
  readonly maxQueue?: number;
  readonly maxBody?: number;
  /** A number, or what else was typed. */
  readonly memoryGb?: unknown;
  readonly threads?: number;
  readonly cache?: string;
}

/** What they come to for a server. @throws SKIPSTEP_USAGE */
export function servedModels(
  command: string,
  configs: readonly string[],
  options: ServedOptions,
): Pick<ServerOptions, "models" | "limits" | "plugins" | "memoryGb" | "threads" | "cacheDir"> {
  if (configs.length === 0)
    throw usage(`${command}: name a config or a model: skipstep ${command} configs/emoji.json.`);
  const { allowPlugin, memoryGb, threads, cache } = options;
  return {
    models: configs.map((text) => servedConfig(text, settingOverrides(options))),
    limits: limitsOf(options),
    ...(allowPlugin ? { plugins: allowPlugin } : {}),
    ...(memoryGb === undefined ? {} : { memoryGb: gigabytes("--memory-gb", memoryGb) }),
    ...(threads === undefined ? {} : { threads }),
    ...(cache === undefined ? {} : { cacheDir: cache }),
  };
}

/** @throws SKIPSTEP_USAGE */
export function gigabytes(option: string, given: unknown): number {
  if (typeof given === "number" && given > 0) return given;
  throw usage(`${option} must be a number above 0, found ${JSON.stringify(given)}.`);
}

/** `name=file.json`, or a file or folder whose name is the model's. */
function servedConfig(text: string, overrides: ServedConfig["overrides"] & {}): ServedConfig {
  const [, name, named] = /^([A-Za-z0-9._-]+)=(.+)$/.exec(text) ?? [];
  const { input } = givenConfig(named ?? text);
  return { id: name ?? idOf(text), config: input, overrides };
}

/** `emoji` of `configs/emoji.json`, `models/emoji/` and `hf:owner/emoji@main`. */
function idOf(text: string): string {
  const [path = text] = text.startsWith("hf:") ? text.split("@") : [text];
  return basename(path, extname(path));
}

function limitsOf(options: ServedOptions): Partial<RequestLimits> {
  const given = {
    n: options.maxImages,
    side: options.maxSide,
    steps: options.maxSteps,
    queue: options.maxQueue,
    bodyBytes: options.maxBody,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
