import type { CompiledEngine } from "../compiler/compile";
import type { Fallback } from "../compiler/providers/fallback-counts";
import type { Program } from "./program";

/** A component that is ready to run. */
export interface OpenedComponent {
  readonly name: string;
  readonly program: Program;
  readonly engine: CompiledEngine;
  /** `WeightSource.identity` of its weights. */
  readonly identity: string;
  /** What of it runs on the CPU, where it was put elsewhere. */
  readonly fallback: Fallback | undefined;
}
