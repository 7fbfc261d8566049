export { CacheDit } from "./cache-dit";
export type { CacheDitOptions } from "./options";
export type { PresetName } from "./steps-mask";
