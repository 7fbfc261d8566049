export type { ToMeOptions } from "./options";
export { ToMe } from "./tome";
