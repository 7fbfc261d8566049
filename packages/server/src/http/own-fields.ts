import type { PluginUse } from "@skipstep/core";
import type { ImageRequest } from "../jobs/image-request";
import { invalidField } from "./api-error";

/** Fields that are ours in every API. */
export interface OwnFields extends Pick<ImageRequest, "plugins" | "scheduler" | "priority"> {
  readonly [setting: string]: unknown;
}

/** Takes what is ours out of a body: plugins, scheduler, LoRAs, priority. All else is left as it is. */
export function ownFields(body: Readonly<Record<string, unknown>>): OwnFields {
  const { plugins, scheduler, lora, priority = 0, ...settings } = body;
  if (!Number.isInteger(priority) || Math.abs(priority as number) > 1000)
    throw invalidField("priority", priority, "a whole number from -1000 to 1000");
  const loras = lora === undefined ? {} : { loras: [lora].flat().map(loraOf) };
  return {
    ...settings,
    ...loras,
    plugins: pluginsOf(plugins),
    scheduler: schedulerOf(scheduler),
    priority: priority as number,
  };
}

/** A name, or `{ name, scale }`. A path is not one of a client's words. */
function loraOf(lora: unknown): { name: string; scale?: number } {
  if (typeof lora === "string") return { name: lora };
  const { name, scale, ...others } = asObject("lora", lora);
  if (typeof name !== "string" || Object.keys(others).length > 0)
    throw invalidField("lora", lora, "a name, or an object of name and scale");
  if (scale !== undefined && typeof scale !== "number") throw invalidField("lora", lora, "with a number as its scale");
  return { name, ...(scale === undefined ? {} : { scale }) };
}

function pluginsOf(plugins: unknown): readonly PluginUse[] | undefined {
  if (plugins === undefined) return undefined;
  if (!Array.isArray(plugins)) throw invalidField("plugins", plugins, "a list");
  return plugins.map((plugin) => {
    if (typeof plugin === "string") return { use: plugin };
    const { use, options, components, ...others } = asObject("plugins", plugin);
    if (typeof use !== "string" || Object.keys(others).length > 0)
      throw invalidField("plugins", plugin, "a name, or an object of use, options and components");
    return {
      use,
      ...(options === undefined ? {} : { options: asObject("plugins", options) }),
      ...(components === undefined ? {} : { components: components as readonly string[] }),
    };
  });
}

function schedulerOf(scheduler: unknown): ImageRequest["scheduler"] {
  if (scheduler === undefined) return undefined;
  if (typeof scheduler === "string") return { type: scheduler };
  const { type, ...options } = asObject("scheduler", scheduler);
  if (typeof type !== "string") throw invalidField("scheduler", scheduler, "a class name, or an object with its type");
  return { type, ...options };
}

function asObject(name: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalidField(name, value, "an object");
}
