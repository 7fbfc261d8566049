import type { AnyManifest } from "./plugin";

/** What a plugin may decide, in words that follow `decide`: a pipeline takes one plugin that decides each. */
export const decisions = {
  blocks: "which blocks run",
  guidance: "which branches of guidance run and how they are combined",
  predictions: "which predictions are computed",
} as const;

/** One of `decisions`: `blocks`, `guidance`, `predictions`. */
export type Decision = keyof typeof decisions;

/** What a plugin decides; `true` in its manifest means blocks. */
export function decisionsOf({ decides = false }: Pick<AnyManifest, "decides">): readonly Decision[] {
  if (typeof decides === "boolean") return decides ? ["blocks"] : [];
  return typeof decides === "string" ? [decides] : decides;
}
