import type { Feature, Structure } from "../architecture/structure";
import type { SkipstepError } from "../errors/error";
import { featureMissing, pluginsConflict, pluginTwice } from "../errors/plugins";
import { decisions, decisionsOf } from "./decisions";
import type { AnyManifest } from "./plugin";

/** A plugin with its place in the config. */
export interface PlacedManifest {
  readonly index: number;
  readonly manifest: AnyManifest;
}

/** A mistake at a plugin's place in the config. */
export interface PlacedError {
  readonly index: number;
  readonly error: SkipstepError;
}

/** What cannot stand together: one error a pair, at the later one's place. */
export function findConflicts(plugins: readonly PlacedManifest[]): PlacedError[] {
  return plugins.flatMap((later, i) =>
    plugins.slice(0, i).flatMap((earlier) => {
      const error = conflictOf(earlier, later);
      return error ? [{ index: later.index, error }] : [];
    }),
  );
}

/** Families of models that have all of some features. */
export type FamiliesWith = (features: readonly Feature[]) => readonly string[];

/** Plugins whose model lacks something. */
export function findMissingFeatures(
  plugins: readonly PlacedManifest[],
  { className, features }: Structure,
  familiesWith: FamiliesWith,
): PlacedError[] {
  return plugins.flatMap(({ index, manifest: { name, requires = [] } }) => {
    const missing = requires.filter((feature) => !features.includes(feature));
    if (missing.length === 0) return [];
    return [{ index, error: featureMissing(name, missing, className, features, familiesWith(requires)) }];
  });
}

function conflictOf(
  { index, manifest: first }: PlacedManifest,
  { manifest: second }: PlacedManifest,
): SkipstepError | undefined {
  if (first.name === second.name) return pluginTwice(first.name, index);
  const shared = decisionsOf(first).filter((decision) => decisionsOf(second).includes(decision));
  if (shared.length > 0)
    return pluginsConflict(first.name, second.name, `both decide ${shared.map((each) => decisions[each]).join("; ")}`);
  const isNamed = first.conflicts?.includes(second.name) || second.conflicts?.includes(first.name);
  return isNamed ? pluginsConflict(first.name, second.name, "do not work together") : undefined;
}
