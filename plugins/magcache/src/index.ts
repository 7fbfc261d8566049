export { MagCache } from "./mag-cache";
export type { MagCacheOptions } from "./options";
