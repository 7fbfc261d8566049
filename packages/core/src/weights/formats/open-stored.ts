import { fileFormat } from "../../errors/single-file";
import type { JsonObject } from "../../schema/json";
import type { OpenWeights, TensorEntry } from "../checkpoint/weight-source";
import { checkUnderstood } from "./check-understood";
import { formatOfTensors, openAs, pluginForTensors } from "./find-format";
import { foreignKind } from "./foreign";
import { readModules } from "./scaled/read-modules";
import type { WeightFormat } from "./weight-format";

/** How safetensors are to be read. */
export interface Reading {
  /** Formats that plugins read; the first that fits counts. */
  readonly formats?: readonly WeightFormat[] | undefined;
  /** The one that a config names. */
  readonly format?: WeightFormat | undefined;
  readonly quantization?: Readonly<JsonObject> | undefined;
}

/**
 * Safetensors as models see them: by a plugin's reader, else by core's. Never are codes taken for numbers.
 *
 * @param path of the file or folder
 * @param tensors as they lie there; closed when they cannot be read
 * @throws SKIPSTEP_FILE_FORMAT for a form that another plugin or nobody reads, SKIPSTEP_QUANTIZED_UNREAD,
 *   SKIPSTEP_QUANTIZED_INVALID, and what a plugin's reader throws
 */
export function openStored(path: string, tensors: OpenWeights, reading: Reading): OpenWeights {
  const { formats, quantization = {} } = reading;
  try {
    const entries = tensors.names.map((name) => tensors.entry(name));
    const format = reading.format ?? formatOfTensors(entries, formats);
    if (!format) refuse(path, entries);
    const weights = format
      ? openAs(format, path, tensors, quantization)
      : readModules({ path, source: tensors, quantization, metadata: tensors.metadata ?? {} });
    return understood(path, weights);
  } catch (error) {
    tensors.close();
    throw error;
  }
}

/** Weights of which no part is left over that says what another means; closed when one is. */
export function understood(path: string, weights: OpenWeights): OpenWeights {
  try {
    checkUnderstood(path, weights);
    return weights;
  } catch (error) {
    weights.close();
    throw error;
  }
}

/** Names a form that is known and not read here. */
function refuse(path: string, entries: readonly TensorEntry[]): void {
  const foreign = foreignKind(entries);
  if (foreign) throw fileFormat(path, `${foreign.kind} (it has "${foreign.tensor}")`);
  const known = pluginForTensors(entries.map(({ name }) => name));
  if (known) throw fileFormat(path, `a quantized file (it has "${known.tensor}")`, known.plugin);
}
