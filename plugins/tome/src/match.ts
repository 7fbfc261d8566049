import { type Dim, type Graph, least, minus, over, plus, share, times, type Value } from "@skipstep/core/plugin";
import { destinations, others, pick, range, scatter } from "./indices";

/** Cells of the picture, and how much is merged. */
export interface Cells {
  readonly sy: number;
  readonly sx: number;
  readonly ratio: number;
}

/** Which tokens of each image are merged, and into which. B images, T tokens, K of them kept, R merged. */
export interface Match {
  readonly kept: Dim;
  /** Of all images' tokens in a row: int64 `[B, K]`, those that stay, destinations last; int64 `[B, R]`, those that go. */
  readonly staying: Value;
  readonly going: Value;
  /** int64 `[B, R]`: of all images' kept tokens in a row, those that the ones that go are merged into. */
  readonly into: Value;
  /** `[B, K, 1]`: 1 over the number of tokens that each has become of. */
  readonly weight: Value;
  /** int64 `[B, T]`: of all images' kept tokens in a row, what each token has become. */
  readonly became: Value;
}

/**
 * Bipartite soft matching of https://arxiv.org/abs/2303.17604, section 4, without randomness: each token that is no
 * destination is compared with all destinations by the cosine, and those that have the closest one are merged.
 * @param x `[B, T, D]` @param grid tokens high and wide
 */
export function match(g: Graph, x: Value, [rows, columns]: readonly [Dim, Dim], { sy, sx, ratio }: Cells): Match {
  const [batch, tokens] = x.shape as [Dim, Dim, number];
  const cells = [over(rows, sy), over(columns, sx)] as const;
  const held = times(...cells);
  const sources = minus(tokens, held);
  const gone = least(share(tokens, ratio), sources);
  const rest = minus(sources, gone);
  const kept = plus(rest, held);

  const to = destinations(g, columns, cells, sy, sx); // [held]
  const from = others(g, to, tokens, sources); // [sources]
  const { best, closest } = compared(g, x, from, to); // [B, sources] each

  const byBest = g.emit("TopK", [best, g.sizes([sources])], [best.shape, best.shape], {
    dtype: ["float32", "int64"],
  })[1]!;
  const first = g.slice(byBest, 1, 0, gone);
  const last = g.slice(byBest, 1, gone, sources);
  const every = g.expand(g.unsqueeze(to, 0), [batch, held]);
  const staying = g.concat([g.gather(from, last, 0), every], 1); // [B, kept], tokens of one image
  const going = g.gather(from, first, 0); // [B, gone]
  const into = g.add(pick(g, closest, first, 1), g.sizes([rest])); // [B, gone], kept tokens of one image

  const ones = (shape: readonly Dim[]): Value => g.expand(g.constant([1]), shape);
  const counts = scatter(g, ones([batch, kept]), { indices: into, updates: ones([batch, gone]), axis: 1, add: true });
  const order = g.concat([staying, going], 1); // [B, T]
  const places = g.concat([g.expand(g.unsqueeze(range(g, kept), 0), [batch, kept]), into], 1);
  const became = scatter(g, order, { indices: order, updates: places, axis: 1 });

  const image = g.unsqueeze(range(g, batch), 1);
  const inAll = (places: Value, each: Dim): Value => g.add(places, g.mul(image, g.sizes([each])));
  return {
    kept,
    staying: inAll(staying, tokens),
    going: inAll(going, tokens),
    into: inAll(into, kept),
    weight: g.div(g.constant(1), g.unsqueeze(counts, 2)),
    became: inAll(became, kept),
  };
}

/** @returns how close the closest destination is to each source, and which it is: `[B, sources]` and int64 */
function compared(g: Graph, x: Value, from: Value, to: Value): { readonly best: Value; readonly closest: Value } {
  const length = g.node("ReduceL2", [x, g.constant([-1], [1], "int64")], [...x.shape.slice(0, 2), 1]);
  const normal = g.div(x, length);
  const scores = g.matmul(g.gather(normal, from, 1), g.transpose(g.gather(normal, to, 1), [0, 2, 1]));
  const shape = scores.shape.slice(0, 2);
  return {
    best: g.node("ReduceMax", [scores, g.constant([-1], [1], "int64")], shape, {
      attributes: { keepdims: { int: 0 } },
    }),
    closest: g.node("ArgMax", [scores], shape, {
      dtype: "int64",
      attributes: { axis: { int: -1 }, keepdims: { int: 0 } },
    }),
  };
}
