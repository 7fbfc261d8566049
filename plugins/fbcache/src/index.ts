export { FirstBlockCache } from "./first-block-cache";
export type { FirstBlockCacheOptions } from "./options";
