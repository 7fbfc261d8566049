import type { Component } from "../weights/checkpoint/component";
import type { Note } from "../weights/checkpoint/note";
import type { ArchitectureEntry } from "./architecture";

/** A component of a checkpoint and the architecture that it is. */
export interface ComponentModel {
  readonly component: Component;
  readonly model: ArchitectureEntry;
  /** Its config.json, checked and with defaults filled in. */
  readonly config: unknown;
  /** Tensors that it has in common with another component, where that is whose files have them. */
  readonly shared?: { readonly component: string; readonly tensors: RegExp };
  /** What was found out while the config was read. */
  readonly notes?: readonly Note[];
}
