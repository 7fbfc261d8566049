export { EasyCache } from "./easycache";
export type { EasyCacheOptions } from "./options";
