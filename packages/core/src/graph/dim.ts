/**
 * Dimensions of values: numbers, or polynomials over named sizes that are known at run time only (`B`, `h`, `2*h*w + L`).
 * Every expression has one canonical key, so that equal dimensions compare equal.
 */
export type Dim = number | Expression;

/** What run-time sizes are: `{ B: 2, h: 8 }`. */
export type Sizes = Readonly<Record<string, number>>;

/** A factor of a term: a name, or a rounded-down quotient. */
interface Atom {
  readonly key: string;
  readonly evaluate: (sizes: Sizes) => number;
}

interface Term {
  readonly coefficient: number;
  readonly atoms: readonly Atom[]; // sorted by key; the empty list is the constant term
}

/** A sum of integer multiples of products of atoms. */
export class Expression {
  readonly key: string;

  constructor(readonly terms: readonly Term[]) {
    this.key = terms.map(termKey).join(" + ");
  }

  toString(): string {
    return this.key;
  }
}

/** A size that is known at run time only. */
export function size(name: string): Dim {
  const atom: Atom = {
    key: name,
    evaluate: (sizes) => {
      const value = sizes[name];
      if (value === undefined) throw new RangeError(`size ${name} is not bound`);
      return value;
    },
  };
  return new Expression([{ coefficient: 1, atoms: [atom] }]);
}

/** `a + b`, in a form that is equal for equal sizes. */
export function plus(a: Dim, b: Dim): Dim {
  return collect([...termsOf(a), ...termsOf(b)]);
}

/** `a - b`, in a form that is equal for equal sizes. */
export function minus(a: Dim, b: Dim): Dim {
  return plus(a, times(b, -1));
}

/** `a * b`, in a form that is equal for equal sizes. */
export function times(a: Dim, b: Dim): Dim {
  return collect(
    termsOf(a).flatMap((x) =>
      termsOf(b).map((y) => ({
        coefficient: x.coefficient * y.coefficient,
        atoms: [...x.atoms, ...y.atoms].sort((p, q) => (p.key < q.key ? -1 : 1)),
      })),
    ),
  );
}

/** `floor(a / divisor)`; stays a polynomial where every term divides. */
export function over(a: Dim, divisor: number): Dim {
  if (typeof a === "number") return Math.floor(a / divisor);
  if (divisor === 1) return a;
  const whole = a.terms.filter((term) => term.coefficient % divisor === 0);
  const rest = a.terms.filter((term) => term.coefficient % divisor !== 0);
  const quotient = collect(whole.map((term) => ({ ...term, coefficient: term.coefficient / divisor })));
  if (rest.length === 0) return quotient;
  const inner = collect(rest);
  if (typeof inner === "number") return plus(quotient, Math.floor(inner / divisor));
  const atom: Atom = {
    key: `floor((${inner.key})/${divisor})`,
    evaluate: (sizes) => Math.floor(evaluate(inner, sizes) / divisor),
  };
  return plus(quotient, new Expression([{ coefficient: 1, atoms: [atom] }]));
}

/** `ceil(a / b)`. */
export function ceilOver(a: Dim, b: Dim): Dim {
  if (typeof b === "number") return over(plus(a, b - 1), b);
  return computed(`ceil((${a})/(${b}))`, (sizes) => Math.ceil(evaluate(a, sizes) / evaluate(b, sizes)));
}

/** `floor(part a)`, rounded down as `int` does in the reference. @param part 0..1 */
export function share(a: Dim, part: number): Dim {
  if (typeof a === "number") return Math.floor(a * part);
  return computed(`floor(${part}*(${a}))`, (sizes) => Math.floor(evaluate(a, sizes) * part));
}

/** The smaller of the two. */
export function least(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return Math.min(a, b);
  return equal(a, b) ? a : computed(`min(${a},${b})`, (sizes) => Math.min(evaluate(a, sizes), evaluate(b, sizes)));
}

/** The largest whole number up to `most` that divides `a`; 1 at least. */
export function divisor(a: Dim, most: Dim): Dim {
  if (typeof a === "number" && typeof most === "number") return largestDivisor(a, most);
  return computed(`divisor(${a},${most})`, (sizes) => largestDivisor(evaluate(a, sizes), evaluate(most, sizes)));
}

function largestDivisor(of: number, most: number): number {
  for (let by = Math.min(of, most); by > 1; by--) if (of % by === 0) return by;
  return 1;
}

function computed(key: string, compute: (sizes: Sizes) => number): Dim {
  return new Expression([{ coefficient: 1, atoms: [{ key, evaluate: compute }] }]);
}

/** Product of a shape's dimensions. */
export function product(dims: readonly Dim[]): Dim {
  return dims.reduce<Dim>(times, 1);
}

/** Whether two sizes are equal for all values of what is known at run time only. */
export function equal(a: Dim, b: Dim): boolean {
  return String(a) === String(b);
}

export function equalShapes(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((dim, i) => equal(dim, b[i]!));
}

/** `[B, 2*h, 64]`. */
export function shapeText(shape: readonly Dim[]): string {
  return `[${shape.join(", ")}]`;
}

/** The number that a dimension is, once the sizes are known. */
export function evaluate(dim: Dim, sizes: Sizes): number {
  if (typeof dim === "number") return dim;
  return dim.terms.reduce(
    (sum, term) => sum + term.atoms.reduce((product, atom) => product * atom.evaluate(sizes), term.coefficient),
    0,
  );
}

/** The name and factor of a dimension of the form `factor * name`, from which a run reads the size; else undefined. */
export function asMultiple(dim: Dim): { readonly name: string; readonly factor: number } | undefined {
  if (typeof dim === "number" || dim.terms.length !== 1) return undefined;
  const { coefficient, atoms } = dim.terms[0]!;
  return atoms.length === 1 && /^\w+$/.test(atoms[0]!.key) ? { name: atoms[0]!.key, factor: coefficient } : undefined;
}

function termsOf(dim: Dim): readonly Term[] {
  return typeof dim === "number" ? [{ coefficient: dim, atoms: [] }] : dim.terms;
}

function termKey({ coefficient, atoms }: Term): string {
  const factors = atoms.map((atom) => atom.key);
  return (coefficient === 1 && factors.length > 0 ? factors : [String(coefficient), ...factors]).join("*");
}

function collect(terms: readonly Term[]): Dim {
  const sums = new Map<string, Term>();
  for (const term of terms) {
    const key = term.atoms.map((atom) => atom.key).join("*");
    sums.set(key, { atoms: term.atoms, coefficient: (sums.get(key)?.coefficient ?? 0) + term.coefficient });
  }
  const kept = [...sums.entries()].filter(([, term]) => term.coefficient !== 0).sort(([a], [b]) => (a < b ? 1 : -1));
  if (kept.length === 0) return 0;
  if (kept.length === 1 && kept[0]![0] === "") return kept[0]![1].coefficient;
  return new Expression(kept.map(([, term]) => term));
}
