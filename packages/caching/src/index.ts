export { type BranchPrefix, branchPrefix, branchPrefixes } from "./branch-prefix";
export { Indicator } from "./indicator";
export { RegionMemories } from "./region-memories";
export { RegionOutputs } from "./region-outputs";
export { RunMemories } from "./run-memories";
export { StreamResiduals } from "./stream-residuals";
export { TaylorSeries } from "./taylor-series";
