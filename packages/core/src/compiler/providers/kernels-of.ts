import type { DType } from "../../tensor";
import type { Kernel } from "./profile";

/** Operators all of whose inputs are of one type. @param host inputs that are read in main memory */
export function kernelsOf(
  types: readonly DType[],
  operators: readonly string[],
  host?: readonly number[],
): Record<string, Kernel> {
  const kernel = { inputs: [types], ...(host ? { host } : {}) };
  return Object.fromEntries(operators.map((operator) => [operator, kernel]));
}
