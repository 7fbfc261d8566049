import type { Config, GenerateConfig } from "@skipstep/core";
import type { QuantizeRequest } from "@skipstep/core/plugin";
import { collectInputs, type LinearInput } from "@skipstep/lowbit";
import { optionWrong } from "../errors";
import { type Importance, importanceOf } from "./importance";

/** Tokens of each input whose mean square counts. */
const tokens = 256;

/**
 * Makes images with the model as it is, and measures what goes into its weights.
 * @throws SKIPSTEP_GGUF_OPTION for weights that come without a config, and what making images throws
 */
export async function calibratedImportance({
  config,
  images,
  signal,
  onProgress,
}: Pick<QuantizeRequest<unknown>, "config" | "images" | "signal" | "onProgress">): Promise<Importance> {
  if (!config) throw optionWrong("Weights alone make no images to calibrate with", "Give a config.");
  const inputs = await collect(config, images(), signal, onProgress);
  const vectors = inputs.flatMap((input) => input.names.map((name) => [name, meanSquares(input)] as const));
  return importanceOf("calibration", new Map(vectors));
}

function collect(
  config: Config,
  images: readonly GenerateConfig[],
  signal: AbortSignal,
  onProgress: QuantizeRequest<unknown>["onProgress"],
): Promise<LinearInput[]> {
  return collectInputs({
    config,
    images,
    wanted: () => true,
    tokens,
    signal,
    onProgress: (done, of) => onProgress("images to calibrate with", done, of),
  });
}

/** Of each column. */
function meanSquares({ columns, rows }: LinearInput): Float32Array {
  const sums = new Float64Array(columns);
  for (const [i, x] of rows.entries()) sums[i % columns]! += x * x;
  return Float32Array.from(sums, (sum) => (sum * columns) / rows.length);
}
