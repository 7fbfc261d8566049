export type { TeaCacheOptions } from "./options";
export { TeaCache } from "./tea-cache";
