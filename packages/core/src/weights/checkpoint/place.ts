import type { TensorEntry } from "./weight-source";

/** Where a checkpoint, or a component of one, lies on this machine. */
export interface Place {
  /** Of a folder or a file. */
  readonly path: string;
  /** `hf:owner/name@revision`, when it was brought from the hub. */
  readonly hub?: string;
  /** Tensors of a file that is not here yet, from its header. */
  readonly entries?: readonly TensorEntry[];
  /** And what its header says of itself. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export function placeOf(place: string | Place): Place {
  return typeof place === "string" ? { path: place } : place;
}
