import { didYouMean, list } from "../errors/nearest";
import type { PluginHost } from "../plugins/host";
import { type Finding, invalid } from "../schema/finding";
import { isObject } from "../schema/json";

/** What a pipeline is made of. */
export interface PipelineComponents {
  readonly names: readonly string[];
  /** The component that run-time hooks wrap. */
  readonly denoiser: string;
}

/**
 * Components that plugins are to hook and the pipeline has not got. What is of the wrong type is left to the schema.
 * @param entries the config's `plugins`
 */
export function checkComponents(entries: unknown, { names }: PipelineComponents): Finding[] {
  return (Array.isArray(entries) ? entries : []).flatMap((entry: unknown, index) => {
    const components = isObject(entry) && Array.isArray(entry.components) ? entry.components : [];
    return components.flatMap((name: unknown, i) =>
      typeof name !== "string" || names.includes(name)
        ? []
        : [
            invalid(
              ["plugins", index, "components", i],
              `is no component of this pipeline, found "${name}". It has: ${list(names)}.${didYouMean(name, names)}`,
            ),
          ],
    );
  });
}

/** Components that are named for plugins which hook nothing but the denoiser's run. */
export function checkBuildHooks({ plugins }: PluginHost, pipeline: PipelineComponents | undefined): Finding[] {
  return plugins.flatMap(({ name, components = [], instance }, index) => {
    const { weightLoad, attention, tokens, graphBuilt } = instance;
    if (!pipeline || weightLoad || attention || tokens || graphBuilt) return [];
    const others = components.filter((component) => component !== pipeline.denoiser);
    if (others.length === 0) return [];
    return [
      invalid(
        ["plugins", index, "components"],
        `names ${list(others)}, and plugin "${name}" works while the denoiser (${pipeline.denoiser}) runs, and on nothing else. Remove "components".`,
      ),
    ];
  });
}

/** Components that a device map places and the pipeline has not got, and words that are no map. */
export function checkDeviceMap(map: unknown, { names }: PipelineComponents): Finding[] {
  if (typeof map === "string" && map !== "balanced")
    return [invalid(["device_map"], `must be "balanced" or an object of providers by component, found "${map}".`)];
  return Object.keys(isObject(map) ? map : {}).flatMap((name) =>
    names.includes(name)
      ? []
      : [
          invalid(
            ["device_map"],
            `has no component "${name}" to place. The pipeline has: ${list(names)}.${didYouMean(name, names)}`,
            ["device_map", name],
          ),
        ],
  );
}
