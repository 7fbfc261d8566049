import type { JSONSchemaType } from "ajv";
import type { Config, GenerateConfig } from "../config/config";
import type { Component } from "../weights/checkpoint/component";
import type { OpenWeights } from "../weights/checkpoint/weight-source";

/** A way to write a component's weights smaller: part of a plugin's manifest, what `skipstep quantize --to` runs. */
export interface Quantizer<Options> {
  /** JSON Schema of the options, with a default for each. */
  readonly options: JSONSchemaType<Options>;
  /** End of the names of the files that it writes: `.gguf`. */
  readonly extension: string;
  /**
   * Writes a file of its own. Gives way to the event loop now and then, so that a signal is heard.
   * @throws the signal's reason once it is aborted, and what the system does: both are told for it
   */
  quantize(request: QuantizeRequest<Options>): Promise<QuantizeResult>;
}

/** A quantizer whose options type is not known any more. */
export type AnyQuantizer = Quantizer<Readonly<Record<string, unknown>>>;

/** Ties a quantizer's schema to the options that it gets, for a manifest. */
export function defineQuantizer<Options>(quantizer: Quantizer<Options>): AnyQuantizer {
  return quantizer as unknown as AnyQuantizer;
}

/** What a quantizer is given. */
export interface QuantizeRequest<Options> {
  /** Its class, its config, its name in the pipeline. */
  readonly component: Component;
  /** Under the names that the class asks for, LoRAs merged. The caller closes them. */
  readonly weights: OpenWeights;
  /** Checked, defaults filled in, frozen. */
  readonly options: Options;
  /** File to write. The caller moves it to its place, or removes it when something goes wrong. */
  readonly file: string;
  /** The config that the component is of, all paths absolute: what images for calibration are made with. */
  readonly config?: Config;
  /** Images to calibrate with, over the config's `generate`. */
  images(): readonly GenerateConfig[];
  readonly signal: AbortSignal;
  /** Told how far it is. @param what is being done: `layers.0.attention.to_q.weight` */
  onProgress(what: string, done: number, of: number): void;
}

/** What a quantizer says of the file that it wrote. */
export interface QuantizeResult {
  /** For people: `210 tensors as Q4_K, 12 as F16`. */
  readonly lines: readonly string[];
  readonly warnings: readonly string[];
  /** For programs. */
  readonly numbers: Readonly<Record<string, unknown>>;
}
