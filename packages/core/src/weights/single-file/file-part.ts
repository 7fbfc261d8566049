import type { OpenWeights, TensorEntry } from "../checkpoint/weight-source";
import { ConvertedWeights } from "./converted-weights";
import type { KnownFiles } from "./known-files";
import type { ModelFile } from "./model-file";
import type { Recipes, Shapes, TensorRecipe } from "./recipe";
import { applyRules } from "./rules";

/** One model among a file's tensors. */
export interface FilePart {
  /** `latent-diffusion`, or `diffusers` for names that models ask for. */
  readonly layout: string;
  /** From the names that models ask for to the file's. */
  readonly recipes: Recipes;
}

/**
 * Finds a model in a file.
 * @param component `text_encoder_2`: in a file of several models it tells which of two text encoders is meant
 * @returns `undefined` when the file holds no such model; all tensors as they are for classes without a known layout
 */
export function partOf(known: KnownFiles, stored: Shapes, className: string, component: string): FilePart | undefined {
  const kind = known.of(className);
  if (!kind) return { layout: "diffusers", recipes: applyRules([], stored) };
  const names = [...stored.keys()];
  const prefix = kind.prefixes
    .filter((prefix) => (prefix.component ?? component) === component)
    .find(({ text }) => names.some((name) => name.startsWith(text)));
  return modelIn(known, stored, prefix?.text ?? "", kind);
}

function modelIn(
  known: KnownFiles,
  stored: Shapes,
  prefix: string,
  { layouts, mark }: ModelFile,
): FilePart | undefined {
  const isIts = (name: string): boolean => (prefix === "" ? !isOfNone(known, name) : name.startsWith(prefix));
  const bare: Shapes = new Map(
    [...stored].flatMap(([name, shape]) => (isIts(name) ? [[name.slice(prefix.length), shape]] : [])),
  );
  const names = [...bare.keys()];
  const layout = layouts.find((one) => names.some((name) => one.mark.test(name)));
  const recipes = applyRules(layout?.rules(bare) ?? [], bare);
  if (![...recipes.keys()].some((name) => mark.test(name))) return undefined;
  return { layout: layout?.title ?? "diffusers", recipes: prefix === "" ? recipes : withPrefix(recipes, prefix) };
}

/** Whether a name cannot be of a model whose tensors lie in a file without a prefix: it is another model's, or a mark. */
function isOfNone({ marks, prefixes }: KnownFiles, name: string): boolean {
  return marks.includes(name) || prefixes.some((prefix) => name.startsWith(prefix));
}

/** The classes of models that a file holds, each once. */
export function classesIn(known: KnownFiles, stored: Shapes): string[] {
  return known.classes.filter((className) =>
    ["text_encoder", "text_encoder_2"].some((component) => partOf(known, stored, className, component) !== undefined),
  );
}

/** Shapes of a file's tensors. */
export function shapesOf(entries: readonly TensorEntry[]): Shapes {
  return new Map(entries.map(({ name, shape }) => [name, shape]));
}

/** Shapes that a part's tensors have once they are converted. */
export function convertedShapes({ recipes }: FilePart): Shapes {
  return new Map([...recipes].map(([name, { shape }]) => [name, shape]));
}

/** The weights of one model, by the names that it asks for. Closes `source` when they are closed. */
export function weightsOf(source: OpenWeights, { layout, recipes }: FilePart): OpenWeights {
  const isSame = recipes.size === source.names.length && source.names.every((name) => isItself(name, recipes));
  return isSame && layout === "diffusers" ? source : new ConvertedWeights(source, recipes, layout);
}

function isItself(name: string, recipes: Recipes): boolean {
  return recipes.get(name)?.parts[0]?.tensor === name;
}

function withPrefix(recipes: Recipes, prefix: string): Recipes {
  const stored = ({ parts, ...recipe }: TensorRecipe): TensorRecipe => ({
    ...recipe,
    parts: parts.map((part) => ({ ...part, tensor: prefix + part.tensor })),
  });
  return new Map([...recipes].map(([name, recipe]) => [name, stored(recipe)]));
}
