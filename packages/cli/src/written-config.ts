import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import {
  type CheckedConfig,
  type Config,
  type InstalledPlugin,
  installedPlugins,
  type RequestLora,
} from "@skipstep/core";

type PlainObject = Readonly<Record<string, unknown>>;

/**
 * A checked config as it is written into a file: paths relative to the file's folder, and of the plugins' options only
 * those that are not the defaults.
 * @param file absolute path
 */
export function writtenConfig({ config, plugins, file: source }: CheckedConfig, file: string): PlainObject {
  const folder = dirname(file);
  const {
    guidance,
    strict,
    model,
    components,
    lora,
    request_loras,
    textual_inversions,
    generate,
    plugins: uses,
    ...rest
  } = config;
  const { image } = generate;
  const loras = generate.loras as readonly RequestLora[] | undefined; // as they were checked
  const here = (path: string): string => relativePath(path, folder);
  const placed = <Entry extends { readonly path: string }>(entries: readonly Entry[]): Entry[] =>
    entries.map((entry) => ({ ...entry, path: here(entry.path) }));
  return {
    model: here(model),
    ...rest,
    ...(components ? { components: mapValues(components, here) } : {}),
    ...(lora ? { lora: placed(lora) } : {}),
    ...(textual_inversions ? { textual_inversions: placed(textual_inversions) } : {}),
    ...(request_loras ? { request_loras: mapValues(request_loras, here) } : {}),
    generate: {
      ...generate,
      ...(loras ? { loras: loras.map(({ path, ...entry }) => ({ ...entry, path: here(path) })) } : {}),
      ...(image === undefined ? {} : { image: typeof image === "string" ? here(image) : image.map(here) }),
    },
    ...(guidance === "batch" ? {} : { guidance }),
    plugins: uses.map((entry, i) => ({
      ...entry,
      use: placedUse(entry.use, source === undefined ? process.cwd() : dirname(source), folder),
      options: ownOptions(plugins.plugins[i]!),
    })),
    ...(strict ? { strict } : {}),
  };
}

function mapValues(values: Readonly<Record<string, string>>, change: (value: string) => string): PlainObject {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}

/** Names on the hub stay as they are. */
function relativePath(path: string, folder: string): string {
  return isAbsolute(path) ? relative(folder, path).split(sep).join("/") || "." : path;
}

/** A plugin that is not found by its name from the file's folder goes by the path of its package. */
function placedUse(use: string, from: string, folder: string): string {
  const path = isAbsolute(use) ? use : installedAs(use, folder) ? undefined : installedAs(use, from)?.folder;
  if (path === undefined) return use;
  const placed = relativePath(resolve(path), folder);
  return placed.startsWith(".") || isAbsolute(placed) ? placed : `./${placed}`;
}

function installedAs(use: string, folder: string): InstalledPlugin | undefined {
  const names = [use, `@skipstep/plugin-${use}`, `skipstep-plugin-${use}`];
  return installedPlugins(folder).find(({ name }) => names.includes(name));
}

function ownOptions({
  options,
  manifest,
}: CheckedConfig["plugins"]["plugins"][number]): Config["plugins"][number]["options"] {
  const { properties = {} } = manifest.options as { properties?: Readonly<Record<string, { default?: unknown }>> };
  const isOwn = ([name, value]: [string, unknown]): boolean =>
    manifest.tunes?.[name] !== undefined || JSON.stringify(value) !== JSON.stringify(properties[name]?.default);
  return Object.fromEntries(Object.entries(options).filter(isOwn));
}
