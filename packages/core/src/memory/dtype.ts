import type { DeviceMap } from "./device-map";

/** Types that weights may be stored in, and computed with where a device has them. */
export const dtypes = ["float32", "float16", "bfloat16"] as const;

/** One of `dtypes`. */
export type Dtype = (typeof dtypes)[number];

/** One for all components, or by component; `default` is the others', as in diffusers. */
export type Dtypes = Dtype | Readonly<Record<string, Dtype>>;

export function dtypeOf(given: Dtypes | undefined, component: string): Dtype {
  if (typeof given === "string") return given;
  const own = given && Object.hasOwn(given, component) ? given[component] : given?.default;
  return own ?? "float32";
}

/** The providers of a component, as far as a config tells. @param device where the map says nothing */
export function devicesOf(map: DeviceMap | undefined, device: string, component: string): string[] {
  if (map === "balanced") return [];
  const own = map?.[component];
  if (own === undefined || typeof own === "string") return [own ?? device];
  return [...new Set([device, ...Object.values(own)])];
}
