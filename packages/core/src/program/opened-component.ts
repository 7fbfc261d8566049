import type { CompiledEngine } from "../compiler/compile";
import type { Program } from "./program";

/** A component that is ready to run. */
export interface OpenedComponent {
  readonly name: string;
  readonly program: Program;
  readonly engine: CompiledEngine;
  /** `WeightSource.identity` of its weights. */
  readonly identity: string;
}
