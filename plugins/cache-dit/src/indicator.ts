import { branchPrefix } from "@skipstep/caching";
import { type DeviceTensor, everyNth, type Run } from "@skipstep/core/plugin";

/** What is compared of a tensor: every `factor`-th channel. */
export async function comparable(tensor: DeviceTensor, factor: number): Promise<DeviceTensor> {
  return factor === 1 ? tensor : everyNth(tensor, factor);
}

/** What a branch's differences are called in the report. The prompt's own, and those of one batch, have the short name. */
export function differenceName(run: Run): string {
  return `${branchPrefix(run)}residual_diff`;
}

/** Makes it when it is first asked for. */
export function once<Result>(make: () => Promise<Result>): () => Promise<Result> {
  let made: Promise<Result> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
