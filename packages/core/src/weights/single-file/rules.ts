import type { Recipes, RowRange, Shapes, TensorRecipe } from "./recipe";

/**
 * The name of a module or tensor in one layout, and in another. `*` stands for a number; what follows the module
 * (`.weight`, `.bias`) stays. Several new names share the rows of one old tensor, in that order.
 */
export type Rule = readonly [from: string, to: string | readonly string[], change?: Change];

/** What becomes of a tensor besides its name. */
export interface Change {
  /** Rows of the new tensors, in proportion: `[1, 1, 1, 4]`; equal parts when left out. */
  readonly shares?: readonly number[];
  /** The two halves of the rows change places. */
  readonly swapped?: true;
  /** Rows become columns. */
  readonly transposed?: true;
  /** A convolution over single pixels `[N, K, 1, 1]` becomes a matrix `[N, K]`. */
  readonly matrix?: true;
}

/** Applies the first rule that fits to each tensor; those that none fits keep their names. */
export function applyRules(rules: readonly Rule[], stored: Shapes): Recipes {
  const matchers = rules.map(([from, to, change = {}]) => ({ pattern: patternOf(from), to: [to].flat(), change }));
  const recipes = new Map<string, TensorRecipe>();
  for (const [tensor, shape] of stored) {
    const matcher = matchers.find(({ pattern }) => pattern.test(tensor));
    if (!matcher) recipes.set(tensor, { shape, parts: [{ tensor, from: 0, count: shape[0] ?? 1 }] });
    else for (const [name, recipe] of made(tensor, shape, matcher)) recipes.set(name, recipe);
  }
  return recipes;
}

interface Matcher {
  readonly pattern: RegExp;
  readonly to: readonly string[];
  readonly change: Change;
}

function patternOf(from: string): RegExp {
  const escaped = from.replace(/[.\\+?^$()[\]{}|]/g, "\\$&").replaceAll("*", "(\\d+)");
  return new RegExp(`^${escaped}((?:\\..*)?)$`);
}

function made(tensor: string, shape: readonly number[], { pattern, to, change }: Matcher): [string, TensorRecipe][] {
  const groups = pattern.exec(tensor)!.slice(1);
  const [rest = "", numbers] = [groups.at(-1), groups.slice(0, -1)];
  return rowsOf(tensor, shape, to.length, change).map((parts, i) => {
    const used = [...numbers];
    const name = to[i]!.replace(/\*/g, () => used.shift()!) + rest;
    const rows = parts.reduce((sum, { count }) => sum + count, 0);
    return [name, { shape: shapeOf(shape, rows, change), parts, ...(change.transposed ? { transposed: true } : {}) }];
  });
}

/** The rows of each of the new tensors. */
function rowsOf(tensor: string, [rows = 1]: readonly number[], count: number, change: Change): RowRange[][] {
  if (change.swapped) {
    const half = rows / 2;
    return [
      [
        { tensor, from: half, count: half },
        { tensor, from: 0, count: half },
      ],
    ];
  }
  const shares = change.shares ?? new Array<number>(count).fill(1);
  const unit = rows / shares.reduce((sum, share) => sum + share, 0);
  let from = 0;
  return shares.slice(0, count).map((share) => {
    const part = { tensor, from, count: share * unit };
    from += part.count;
    return [part];
  });
}

function shapeOf(shape: readonly number[], rows: number, { transposed, matrix }: Change): readonly number[] {
  if (transposed) return [...shape].reverse();
  const whole = shape.length === 0 ? [] : [rows, ...shape.slice(1)];
  return matrix && whole.length === 4 && whole[2] === 1 && whole[3] === 1 ? whole.slice(0, 2) : whole;
}
