import type { Recipe } from "@skipstep/core";

/** Warnings about what is not as it was when the recipe was written; the image may differ then. */
export function driftWarnings(then: Recipe, now: Recipe): string[] {
  const versions = changed(then.versions, now.versions).map(
    (name) => `${name} was ${then.versions[name]}, is ${now.versions[name]}`,
  );
  const weights = changed(then.weights, now.weights);
  return [
    ...(versions.length === 0 ? [] : [`Versions differ from the recipe's: ${versions.join("; ")}.`]),
    ...(then.missing === undefined
      ? []
      : [`The recipe lacks what a program gave from its memory: ${then.missing.join(", ")}. The image is another.`]),
    ...(weights.length === 0 ? [] : [`Weights differ from the recipe's: ${weights.join(", ")}.`]),
  ];
}

function changed(then: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): string[] {
  return Object.keys(then).filter((name) => Object.hasOwn(now, name) && now[name] !== then[name]);
}
