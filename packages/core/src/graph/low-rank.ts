import { type Dim, size } from "./dim";
import type { Graph } from "./graph";
import { convolved } from "./infer";
import type { Value } from "./value";
import type { Weight } from "./weight";

/** What a branch beside a weight is fed, as inputs of the graph: names of the two factors, which carry the weight's. */
export interface BranchInputs {
  /** Linear `[K, rank]`, conv `[rank, C, kh, kw]`. */
  readonly down: Value;
  /** Linear `[rank, N]`, conv `[N, rank, 1, 1]`. */
  readonly up: Value;
}

/** Declares the factors of a weight of `[N, K]` or `[N, C, kh, kw]`. Their rank is known at run time. */
export function branchInputs(
  graph: Graph,
  { name, role, shape }: Pick<Weight, "name" | "role" | "shape">,
): BranchInputs {
  const rank = size(`rank${graph.inputs.length}`);
  const [rows = 1, ...rest] = shape;
  const shapes: readonly (readonly Dim[])[] =
    role === "linear"
      ? [
          [...rest, rank],
          [rank, rows],
        ]
      : [
          [rank, ...rest],
          [rows, rank, 1, 1],
        ];
  const [down, up] = shapes;
  return { down: graph.branchInput(`${name}/down`, down!), up: graph.branchInput(`${name}/up`, up!) };
}

/**
 * A product of two factors beside a weight, https://arxiv.org/abs/2106.09685.
 * @returns what is added to what the weight gives: linear `[..., N]`, conv `[B, N, H', W']`
 */
export function lowRank(graph: Graph, { role, shape, input, conv }: Weight, { down, up }: BranchInputs): Value {
  if (role === "linear") return graph.matmul(graph.matmul(input, down), up);
  const [rows, , kernel] = shape as [number, number, number];
  const [batch, , height, width] = input.shape as [Dim, number, Dim, Dim];
  const { stride = 1, padding = 0 } = conv ?? {};
  const [top, left, bottom, right] = typeof padding === "number" ? [padding, padding, padding, padding] : padding;
  const pixels = [convolved(height, kernel, stride, top, bottom), convolved(width, kernel, stride, left, right)];
  const inner = graph.node("Conv", [input, down], [batch, down.shape[0]!, ...pixels], {
    attributes: {
      kernel_shape: { ints: [kernel, kernel] },
      strides: { ints: [stride, stride] },
      pads: { ints: [top, left, bottom, right] },
    },
  });
  return graph.node("Conv", [inner, up], [batch, rows, ...pixels], { attributes: { kernel_shape: { ints: [1, 1] } } });
}
