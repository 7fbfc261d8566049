import { profileOf } from "../compiler/providers/profile";
import { didYouMean, list } from "../errors/nearest";
import type { DeviceMap } from "../memory/device-map";
import { type Dtypes, devicesOf, dtypeOf, dtypes } from "../memory/dtype";
import { type Finding, invalid } from "../schema/finding";
import { isObject, type JsonObject } from "../schema/json";
import type { ValueLayer } from "../schema/layer";
import type { PipelineComponents } from "./check-components";

/** What the reference calls it. */
const other = "torch_dtype";

/** A layer that says `torch_dtype` says `dtype`; where one says both, the former, and `repeatedDtypes` tells. */
export function withOneDtype<Value extends JsonObject>(value: Value): Value {
  if (!Object.hasOwn(value, other)) return value;
  const { [other]: given, ...rest } = value;
  return { ...rest, dtype: given } as unknown as Value;
}

/** Layers that say it under both names. */
export function repeatedDtypes(layers: readonly ValueLayer[]): Finding[] {
  return layers.some(({ value }) => Object.hasOwn(value, other) && Object.hasOwn(value, "dtype"))
    ? [invalid([other], 'is another name of "dtype", and both are given. Keep one.')]
    : [];
}

/** Types that are none, components that the pipeline has not got, and types that their devices have not. */
export function checkDtype({ dtype, device, device_map }: JsonObject, { names }: PipelineComponents): Finding[] {
  if (typeof dtype === "string" && !(dtypes as readonly string[]).includes(dtype))
    return [
      invalid(
        ["dtype"],
        `must be one of ${list(dtypes)}, or say one by component, found "${dtype}".${didYouMean(dtype, dtypes)}`,
      ),
    ];
  const given = isObject(dtype) ? Object.keys(dtype) : [];
  const unknown = given.filter((name) => name !== "default" && !names.includes(name));
  if (unknown.length > 0)
    return unknown.map((name) =>
      invalid(
        ["dtype"],
        `has no component "${name}". The pipeline has: ${list(names)}.${didYouMean(name, [...names, "default"])}`,
        ["dtype", name],
      ),
    );
  if (dtype === undefined || typeof device !== "string") return [];
  return names.flatMap((name) => {
    const wanted = dtypeOf(dtype as Dtypes, name);
    if (wanted === "float32") return [];
    const without = devicesOf(device_map as DeviceMap | undefined, device, name).filter(
      (provider) => typeof provider === "string" && !profileOf(provider).halves.includes(wanted),
    );
    const at = isObject(dtype) && Object.hasOwn(dtype, name) ? ["dtype", name] : ["dtype"];
    return without.map((provider) =>
      invalid(
        at,
        `is ${wanted} for ${name}, which "${provider}" has not. It has: ${list(["float32", ...profileOf(provider).halves])}.`,
      ),
    );
  });
}
