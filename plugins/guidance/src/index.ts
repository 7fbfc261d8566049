export { Guidance } from "./guidance";
export type { GuidanceOptions, GuiderName } from "./options";
