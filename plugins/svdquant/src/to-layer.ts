import type { QuantizedLinear } from "./algorithm/quantize-linear";
import type { SvdLayer } from "./nunchaku/layer";

/** What the algorithm made, as it is stored. */
export function layerOf({ smooth, residual, branch }: QuantizedLinear): SvdLayer {
  const { rows, columns, scales } = residual;
  return { rows, columns, ...branch, codes: residual.codes as Int8Array, scales, smooth };
}
