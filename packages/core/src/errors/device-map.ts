import { SkipstepError } from "./error";
import { didYouMean, list } from "./nearest";

/** A device map names a module that the component does not have, or a range that ends before it begins. */
export function deviceScopeUnknown(component: string, range: string, modules: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_DEVICE_MAP",
    `/device_map/${component}/${range} is no run of modules of ${component}. It has: ${list(modules)}.${didYouMean(range, modules)}`,
  );
}

/** Two ranges of a device map have modules in common. */
export function deviceScopesOverlap(component: string, first: string, second: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_DEVICE_MAP",
    `/device_map/${component}: "${first}" and "${second}" overlap: a module runs on one device. Change one of them.`,
  );
}
