export { DeepCache } from "./deep-cache";
export type { DeepCacheOptions } from "./options";
