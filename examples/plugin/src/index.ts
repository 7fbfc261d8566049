export { EveryNth, type EveryNthOptions } from "./every-nth";
