import type { QuantizeResult } from "@skipstep/core/plugin";
import type { Strength } from "../algorithm/smoothing";
import type { SvdQuantWriteOptions } from "./options";
import type { WritePlan } from "./plan";
import type { MadeLayer } from "./quantize-group";

/** What is remembered of a layer once it is written. */
export interface LayerNote extends Strength {
  readonly name: string;
  /** Of its outputs, relative; where there was a calibration. */
  readonly error?: number;
}

export function noteOf({ layer, strength, error }: MadeLayer): LayerNote {
  return { name: layer.name, ...strength, ...(error === undefined ? {} : { error }) };
}

export function summarize(
  { rank }: SvdQuantWriteOptions,
  { layers, plain, tensors }: WritePlan,
  notes: readonly LayerNote[],
  warnings: readonly string[],
): QuantizeResult {
  const errors = notes.flatMap(({ error }) => (error === undefined ? [] : [error]));
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const worst = notes.reduce((a, b) => ((b.error ?? 0) > (a.error ?? 0) ? b : a));
  const told =
    errors.length === 0
      ? []
      : [`outputs differ by ${percent(mean)} on average, by ${percent(worst.error!)} at most (${worst.name})`];
  return {
    lines: [`${layers.length} layers in 4 bits with rank ${rank}, ${plain.length} tensors as they were`, ...told],
    warnings,
    numbers: {
      layers: notes,
      tensor_bytes: tensors.reduce((sum, { byteLength }) => sum + byteLength, 0),
      ...(errors.length === 0 ? {} : { mean_error: mean }),
    },
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
