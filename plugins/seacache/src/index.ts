export type { SeaCacheOptions } from "./options";
export { SeaCache } from "./sea-cache";
