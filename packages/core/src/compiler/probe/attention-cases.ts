import { floatOf, intOf } from "../../graph/attributes";
import type { Value } from "../../graph/value";
import type { CaseOf, CaseValues } from "./kernel-case";

/**
 * Queries and keys: fewer and more than a subgroup has threads (4 to 64), from which flash kernels step differently.
 */
const sizes = [
  [32, 64],
  [48, 160],
] as const;

const heads = 2;

/** An attention with the layout and size of the heads, mask, bias and scale of a node. */
export const attentionCase: CaseOf = (node) => {
  const [query, key, value, , keyMask, bias] = node.inputs as [Value, Value, Value, undefined, Value?, Value?];
  const isSplit = (x: Value): boolean => x.shape.length === 4; // [B, H, S, D]
  const sizeIn = (x: Value): number => (x.shape.at(-1) as number) / (isSplit(x) ? 1 : intOf(node, "num_heads")!);
  const [head, valueHead] = [sizeIn(query), sizeIn(value)];
  const isCausal = intOf(node, "unidirectional") === 1;
  const scale = floatOf(node, "scale");
  const extras = [
    valueHead !== head && `values of ${valueHead}`,
    isSplit(key) && "keys by heads",
    isSplit(value) && "values by heads",
    keyMask && "masked",
    bias && "biased",
    isCausal && "causal",
    scale && `scaled by ${scale}`,
  ];
  const said = ["MultiHeadAttention", `heads of ${head}`, ...extras.filter((extra) => extra)].join(", ");
  const attributes = { ...node.attributes, num_heads: { int: heads } };
  return {
    name: said,
    emit: (values) =>
      sizes.map(([queries, keys]) => {
        const seen = isCausal ? queries : keys; // causal attentions have as many keys as queries
        const q = values.fed([1, queries, heads * head]);
        const k = values.fed(isSplit(key) ? [1, heads, seen, head] : [1, seen, heads * head]);
        const v = values.fed(isSplit(value) ? [1, heads, seen, valueHead] : [1, seen, heads * valueHead]);
        const mask = keyMask && firstSeen(values, seen);
        const added = bias && values.fed([1, bias.shape[1] === 1 ? 1 : heads, queries, seen]);
        return values.graph.node(
          "MultiHeadAttention",
          [q, k, v, undefined, mask, added],
          [1, queries, heads * valueHead],
          {
            domain: "com.microsoft",
            attributes,
          },
        );
      }),
  };
};

/** Zeros and ones, the first a one: no query sees nothing. @returns int32 `[1, keys]` */
function firstSeen({ graph }: CaseValues, keys: number): Value {
  const mask = Array.from({ length: keys }, (_, i) => (i % 5 === 3 ? 0 : 1));
  return graph.constant(mask, [1, keys], "int32");
}
