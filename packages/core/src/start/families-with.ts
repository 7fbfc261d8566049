import { families } from "../families/families";
import type { Family } from "../loop/family";
import type { Feature } from "../plugins/manifest";

/** Families whose denoiser has all of these, by what people call them: what an error lists. */
export function familiesWith(features: readonly Feature[]): string[] {
  const fitting = families.filter((family) =>
    denoiserFeatures(family).some((has) => features.every((it) => has.includes(it))),
  );
  return [...new Set(fitting.map(({ title, className }) => title ?? className))];
}

/** Of each class that a family's denoiser may be, with the reference's default config. */
function denoiserFeatures({ components, denoiser }: Family): (readonly Feature[])[] {
  return Object.values(components[denoiser]!).map(
    ({ architecture }) => architecture.structure!(architecture.parse({})).features,
  );
}
