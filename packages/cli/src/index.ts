export { exitCodeOf, exitCodes } from "./exit-codes";
export { run } from "./run";
export type { Terminal } from "./terminal";
