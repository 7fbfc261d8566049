import type { SkipstepError } from "../../../errors/error";
import { quantizedInvalid } from "../../../errors/quantized";
import type { JsonObject } from "../../../schema/json";
import type { DType } from "../../../tensor";
import { toFloat32 } from "../../checkpoint/to-float32";
import type { OpenWeights, TensorEntry } from "../../checkpoint/weight-source";

/** What is told of all modules of a file or folder at once. */
export interface StoredFile {
  readonly path: string;
  readonly source: OpenWeights;
  /** The config's `quantization_config`; empty for a file. */
  readonly quantization: Readonly<JsonObject>;
  /** `__metadata__` of all files. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The module of a tensor: parts of a weight (`x.weight._data`) belong to `x`. Empty for a name without one. */
export function moduleOf(name: string): string {
  const within = name.indexOf(".weight.");
  return name.slice(0, within < 0 ? Math.max(0, name.lastIndexOf(".")) : within);
}

/** The tensors of one module, by what follows its name: `weight`, `weight_scale`, `weight._data`. */
export class StoredModule {
  constructor(
    readonly name: string,
    readonly parts: ReadonlyMap<string, TensorEntry>,
    readonly file: StoredFile,
  ) {}

  has(part: string): boolean {
    return this.parts.has(part);
  }

  /** The first of some names that it has. */
  first(...names: readonly string[]): string | undefined {
    return names.find((name) => this.parts.has(name));
  }

  /** Of a part that it must have. @throws SKIPSTEP_QUANTIZED_INVALID */
  entry(part: string): TensorEntry {
    const entry = this.parts.get(part);
    if (!entry) throw this.broken(part, "is missing");
    return entry;
  }

  /** All numbers of a part. */
  floats(part: string): Float32Array {
    return this.file.source.readFloat32(this.entry(part).name);
  }

  /** Some rows of a part. */
  bytes(part: string, first: number, count: number): Uint8Array {
    return this.file.source.readRows(this.entry(part).name, first, count);
  }

  /** Some rows of a part as numbers. @param dtype what its bytes are, where the file says otherwise */
  numbers(part: string, first: number, count: number, dtype: DType = this.entry(part).dtype): Float32Array {
    return toFloat32(this.bytes(part, first, count), dtype);
  }

  /** @param problem `is [3], which fits no rows of "x.weight" [4, 8]` */
  broken(part: string, problem: string): SkipstepError {
    return quantizedInvalid(this.file.path, `${this.name}.${part}`, problem);
  }
}

/** A weight that a reader made out of a module's tensors. */
export interface ModuleWeight {
  /** `fp8:e4m3fn scaled`, `sdnq:uint4`; missing for numbers of full precision. */
  readonly kind?: string;
  readonly shape: readonly number[];
  /** Parts of the module that it is made of, or that are known not to change it. */
  readonly uses: readonly string[];
  /** Numbers of some rows (slices of the first axis). */
  rows(first: number, count: number): Float32Array;
  /** Set where rows cannot be read without all others: they are asked for at once. */
  readonly isWhole?: true;
  /** See `FormatTensor.fit`. */
  fit?(shape: readonly number[]): ModuleWeight | undefined;
}

/** Reads one form of weights. @returns `undefined` for a module that is stored otherwise */
export type ModuleReader = (module: StoredModule) => ModuleWeight | undefined;
