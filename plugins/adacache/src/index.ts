export { AdaCache } from "./ada-cache";
export type { AdaCacheOptions } from "./options";
