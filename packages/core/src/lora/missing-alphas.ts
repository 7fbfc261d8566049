import type { LoraModule } from "./lora";

/**
 * A sentence about modules without an alpha where others of the file have one, if there are such: without one its rank
 * counts, and where somebody's tool lost it, that is another strength.
 */
export function alphaWarnings(file: string, modules: readonly LoraModule[]): string[] {
  const ranked = modules.filter(({ tensors }) => tensors.down !== undefined);
  const models = new Set(ranked.map(({ model }) => model));
  return [...models].flatMap((model) => {
    const own = ranked.filter((module) => module.model === model);
    const without = own.filter(({ tensors }) => tensors.alpha === undefined);
    const [first] = without;
    if (first === undefined || without.length === own.length) return [];
    return [
      `${file}: ${without.length} of its ${own.length} modules have no alpha, "${first.module}" among them; the rank is taken for it, which may be another strength than they were trained for.`,
    ];
  });
}
