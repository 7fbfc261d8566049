import type { JsonObject } from "../../schema/json";
import type { OpenWeights, TensorEntry } from "../checkpoint/weight-source";
import type { KnownFiles } from "../single-file/known-files";

/** A way to store weights that core does not read and a plugin does. Part of a plugin's manifest. */
export interface WeightFormat {
  /** Short: `gguf`. */
  readonly name: string;
  /** Ends of the names of files that are in it, where they are no safetensors: `.gguf`. */
  readonly extensions?: readonly string[];
  /** Values of `quant_method` in a config.json's `quantization_config`: `bitsandbytes`. */
  readonly quantMethods?: readonly string[];
  /** Whether safetensors hold it, by their tensors: for files that come without a config. */
  readonly matches?: (entries: readonly TensorEntry[]) => boolean;
  /**
   * Opens weights under the names, shapes and values that they had before they were packed. What belongs to others
   * (scales, tables) is hidden; what the file says of itself is passed on. `FormatWeights` does most of it.
   */
  readonly open: (stored: StoredWeights) => OpenWeights;
}

/** What a format's reader is given. */
export interface StoredWeights {
  /** Of the file, or the component's folder. */
  readonly path: string;
  /** Safetensors as they lie there, which the reader closes; missing for files of another kind. */
  readonly tensors?: OpenWeights;
  /** The config's `quantization_config`; empty for a file. */
  readonly quantization: Readonly<JsonObject>;
  /** What the safetensors say of themselves: `__metadata__` of all files. */
  metadata(): Readonly<Record<string, unknown>>;
}

/** How a checkpoint's components are opened. */
export interface ReadOptions {
  /** `fp16` reads `model.fp16.safetensors`. */
  readonly variant?: string | undefined;
  /** Formats that the config's plugins read, in its order. */
  readonly formats?: readonly WeightFormat[] | undefined;
  /** How models' tensors are named in files, and which pipelines single files are of. */
  readonly known: KnownFiles;
}
