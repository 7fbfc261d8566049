import type { Component } from "../checkpoint/component";
import type { ModelFile } from "../single-file/model-file";

/** The components that a LoRA may change, by name. */
export type LoraSources = ReadonlyMap<
  string,
  { readonly component: Component; readonly model: { readonly architecture: { readonly file?: ModelFile } } }
>;
