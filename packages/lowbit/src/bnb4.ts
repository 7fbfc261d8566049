import type { Graph, Payload, Value, WeightForm } from "@skipstep/core/plugin";

/** A weight `[rows, columns]` as bitsandbytes packs it in 4 bits, and MatMulBnb4 takes it. */
export interface Bnb4Weight {
  readonly type: "nf4" | "fp4";
  readonly rows: number;
  readonly columns: number;
  /** Elements, row after row, that share a scale: a power of two, at least 16. */
  readonly block: number;
  /** uint8 `[ceil(rows * columns / 2)]`, the first of two elements in the high half. */
  readonly codes: Payload;
  /** float32 `[ceil(rows * columns / block)]` */
  readonly absmax: Payload;
}

/** `x W^T + b`, exact: the kernel turns the weight into float32 in each call. @returns `[..., rows]` */
export function emitBnb4(g: Graph, x: Value, weight: Bnb4Weight, bias: Value | undefined): Value {
  const { type, rows, columns, block, codes, absmax } = weight;
  const inputs = [x, g.initializer(codes, [codes.byteLength], "uint8"), g.initializer(absmax, [absmax.byteLength / 4])];
  const output = g.node("MatMulBnb4", inputs, [...x.shape.slice(0, -1), rows], {
    domain: "com.microsoft",
    dtype: "float32",
    attributes: {
      K: { int: columns },
      N: { int: rows },
      block_size: { int: block },
      quant_type: { int: type === "nf4" ? 1 : 0 },
    },
  });
  return bias ? g.add(output, bias) : output;
}

/** What a plugin's `weightLoad` answers for a weight of NF4 or FP4. @param form its name in the report */
export function bnb4Form(form: string, weight: Bnb4Weight): WeightForm {
  return {
    form,
    byteLength: weight.codes.byteLength + weight.absmax.byteLength,
    emit: (g, input, bias) => emitBnb4(g, input, weight, bias),
  };
}
