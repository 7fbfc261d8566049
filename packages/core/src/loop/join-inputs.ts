import { joinRows, type TensorRow } from "../program/tensor-rows";
import type { Tensor } from "../tensor";
import type { Branch } from "./family";

type Inputs = Readonly<Record<string, Tensor>>;

/**
 * Inputs of several generations as those of one batch: all rows of the prompts' branch, then all of the other.
 * @param inputs by generation; tensors with a row an image of the branch
 * @returns nothing where they differ in more than their rows: tokens would have to be filled up
 */
export function joinInputs(branch: Branch, inputs: readonly Inputs[]): Inputs | undefined {
  const halves = branch === "batch" ? [0, 1] : [0];
  const joined: [string, Tensor][] = [];
  for (const name of Object.keys(inputs[0]!)) {
    const tensors = inputs.map((each) => each[name]!);
    if (new Set(tensors.map(({ shape }) => shape.slice(1).join())).size > 1) return undefined;
    const rows = halves.flatMap((half) => tensors.flatMap((tensor) => rowsOf(tensor, half, halves.length)));
    joined.push([name, joinRows(rows)]);
  }
  return Object.fromEntries(joined);
}

/** One of so many equal parts of a tensor's rows. */
function rowsOf(tensor: Tensor, part: number, parts: number): TensorRow[] {
  const count = tensor.shape[0]! / parts;
  return Array.from({ length: count }, (_, i) => ({ tensor, row: part * count + i }));
}

/** Prompts and, with guidance, negative prompts. */
export interface BothPrompts<Part> {
  readonly positive: Part;
  readonly negative?: Part | undefined;
}

/**
 * Prompts of several generations, and their negative prompts where there are some.
 * @param join the ones or the others @returns nothing where either cannot be joined
 */
export function joinPrompts<Part>(
  prompts: readonly BothPrompts<Part>[],
  join: (parts: readonly Part[]) => Part | undefined,
): { readonly positive: Part; readonly negative: Part | undefined } | undefined {
  const positive = join(prompts.map((each) => each.positive));
  const negatives = prompts.map((each) => each.negative).filter((part) => part !== undefined);
  if (negatives.length === 0) return positive && { positive, negative: undefined };
  const negative = join(negatives);
  return positive && negative && { positive, negative };
}
