import { utimesSync } from "node:fs";
import { join, resolve } from "node:path";
import { isSystemError } from "../disk/system-error";
import type { Graph } from "../graph/graph";
import { throwIfAborted } from "../runtime/cancel";
import { checkEngine } from "./check-engine";
import { draftEngine } from "./engine-draft";
import { enginesFolder } from "./engine-folder";
import { manifestPath } from "./engine-manifest";
import type { Precision } from "./lower-precision";
import { countNonFinite, type NonFinite } from "./non-finite";
import type { Plan } from "./plan";
import type { FormsOf } from "./providers/forms";
import type { WeightsLayout } from "./weights-layout";
import { writeEngine } from "./write-engine";

/** How far a compilation is: bytes of weights written, of all. */
export interface CompileEvent {
  readonly kind: "weights";
  readonly done: number;
  readonly of: number;
}

export interface CompileRequest {
  readonly graph: Graph;
  readonly plan: Plan;
  /** `WeightSource.identity`: where it is equal, payloads with equal keys are. */
  readonly identity: string;
  readonly cacheDir: string;
  /** `Runtime.convolutionBlock`: convolutions are laid out for the machine's kernels. */
  readonly convolutionBlock?: number | undefined;
  /** How nodes are emitted on a segment's provider, where that is another than the CPU. */
  readonly formsOf?: FormsOf | undefined;
  /** Of 16 bits; float32 without it. */
  readonly precision?: Precision | undefined;
  /** Remembers what lies in the models, for a compilation when the checkpoint is closed. */
  readonly smallPayloads?: Map<string, Uint8Array> | undefined;
  /** What `listEngines` tells of it: `transformer`, its class, the checkpoint's folder, names of plugins. */
  readonly component: string;
  readonly className: string;
  readonly source: string;
  readonly plugins: readonly string[];
  /** Compiles again though the engine looks intact: for when ONNX Runtime refuses it. */
  readonly force?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: CompileEvent) => void) | undefined;
}

/** One ONNX file, with the names of its values. */
export interface CompiledSegment {
  readonly path: string;
  readonly inputs: readonly string[];
  readonly sizes: readonly string[];
  readonly outputs: readonly string[];
}

/** An engine folder that is ready to be opened. */
export interface CompiledEngine {
  readonly folder: string;
  readonly key: string;
  /** In the plan's order. */
  readonly segments: readonly CompiledSegment[];
  /** Weights with NaN or Inf in them. */
  readonly nonFinite: readonly NonFinite[];
  /** Whether weights are stored in 16 bits and become float32 when they are read. */
  readonly castsWeights: boolean;
  /** True when it was there already, or another process finished it first. */
  readonly cached: boolean;
  readonly seconds: number;
  /** What was wrong with the engine that was there before. */
  readonly repaired?: string;
}

/**
 * Finds a plan's engine in the cache, or writes it.
 *
 * @throws SKIPSTEP_CACHE_FULL, SKIPSTEP_CACHE_UNWRITABLE, SKIPSTEP_PAYLOAD_SIZE, SKIPSTEP_PAYLOAD_FAILED,
 *   SKIPSTEP_CANCELLED, and what reading the checkpoint throws. Nothing half done stays in the cache.
 */
export async function compile(request: CompileRequest): Promise<CompiledEngine> {
  const start = performance.now();
  const { force = false, signal } = request;
  throwIfAborted(signal);
  const draft = draftEngine(request);
  const folder = join(enginesFolder(resolve(request.cacheDir)), draft.key);
  const found = await checkEngine(folder);
  const isCached = found.state === "intact" && !force;
  if (isCached) markUsed(folder);
  const { weights, isOurs } = isCached
    ? { weights: found.manifest.weights, isOurs: false }
    : await writeEngine(request, draft, folder);
  return {
    folder,
    key: draft.key,
    segments: draft.segments.map(({ file, inputs, sizes, outputs }) => ({
      path: join(folder, file),
      inputs,
      sizes,
      outputs,
    })),
    nonFinite: [...inlineNonFinite(draft.layout), ...weights.nonFinite],
    castsWeights: request.precision !== undefined,
    cached: !isOurs,
    seconds: (performance.now() - start) / 1000,
    ...(found.state === "damaged" ? { repaired: found.problem } : {}),
  };
}

function inlineNonFinite({ places }: WeightsLayout): NonFinite[] {
  return [...places.values()].flatMap((place) =>
    place.kind === "inline" ? (countNonFinite(place.value, place.bytes) ?? []) : [],
  );
}

/** The time of `engine.json` says when an engine was used last. */
function markUsed(folder: string): void {
  try {
    utimesSync(manifestPath(folder), new Date(), new Date());
  } catch (error) {
    // A read-only cache serves its engines all the same.
    if (!isSystemError(error)) throw error;
  }
}
