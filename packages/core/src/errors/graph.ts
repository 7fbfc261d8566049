import { SkipstepError } from "./error";

/** An op was given values that do not fit; found while a model is built. */
export function shapeMismatch(scope: string, op: string, problem: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_GRAPH_SHAPE", `${scope || "graph"}: ${op}: ${problem}.`);
}

/** Two regions overlap without one lying in the other. */
export function regionsOverlap(
  a: { plugin: string; text: string },
  b: { plugin: string; text: string },
): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_REGION_OVERLAP",
    `Plugin "${a.plugin}" asks for ${a.text} and plugin "${b.plugin}" for ${b.text}: regions must nest or lie apart. Change one of them.`,
  );
}

/** A plugin asked for a scope that the model does not have. */
export function regionUnknown(plugin: string, scope: string, hint: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_REGION_UNKNOWN",
    `Plugin "${plugin}" asks for region "${scope}", which the model does not have.${hint}`,
  );
}

/** A region ends before it begins. */
export function regionBackwards(plugin: string, text: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_REGION_UNKNOWN",
    `Plugin "${plugin}" asks for ${text}, which ends before it begins. Swap "from" and "to".`,
  );
}
