import type { Shapes } from "./recipe";

/** What a single file says, as far as it is needed to tell what it is. */
export interface StoredFile {
  /** Of all its tensors. */
  readonly shapes: Shapes;
  /** What it says of itself: the header's `__metadata__`, or a GGUF file's. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The values of a small tensor; none of one that is missing, or whose file is not here yet. */
  numbers(tensor: string): readonly number[] | undefined;
}
