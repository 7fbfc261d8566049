import { asMultiple, equal } from "../graph/dim";
import type { Node, Value } from "../graph/value";

/** Tells of a node that reads rows whether it keeps them apart. */
type Judge = (node: Node, hasRows: (value: Value | undefined) => boolean) => boolean;

/** Each element of those in its place: rows meet rows where what has some has as many axes as the result. */
const byElement: Judge = ({ inputs, outputs: [output] }, hasRows) =>
  inputs.every((input) => !hasRows(input) || input!.shape.length === output!.shape.length);

/** Each row of the first operand with what all rows share. */
const product: Judge = ({ inputs: [first, ...others], attributes: { transA } }, hasRows) =>
  !(transA && "int" in transA && transA.int === 1) && first!.shape.length > 1 && !others.some(hasRows);

/** What goes along another axis: as many rows come out as go in, and in their order. */
const alongOthers: Judge = ({ inputs, outputs, attributes: { axis } }, hasRows) => {
  const at = axis && "int" in axis ? axis.int : -1;
  const rowed = inputs.filter(hasRows) as Value[];
  const [{ shape }] = rowed as [Value];
  const isAlongRows = at === 0 || at === -shape.length;
  return !isAlongRows && [...rowed, ...outputs].every((value) => equal(value.shape[0]!, shape[0]!));
};

/** Elements in their order, or rows that stay first. */
const inOrder: Judge = ({ inputs: [input], outputs: [output], attributes: { perm } }, hasRows) =>
  hasRows(input) && hasRows(output) && !(perm && "ints" in perm && perm.ints[0] !== 0);

/** Rows of a table that all share. */
const lookUp: Judge = ({ inputs: [table], attributes: { axis } }, hasRows) =>
  !hasRows(table) && !(axis && "int" in axis && axis.int !== 0);

/** With a scale for each row, or one for all. */
const round: Judge = ({ inputs: [input, scale], attributes: { axis } }, hasRows) => {
  if (!hasRows(input)) return false;
  return !hasRows(scale) || (scale!.shape.length === 1 && axis !== undefined && "int" in axis && axis.int === 0);
};

const always: Judge = () => true;

function all(judge: Judge, ops: string): readonly (readonly [string, Judge])[] {
  return ops.split(" ").map((op) => [op, judge] as const);
}

const judges: ReadonlyMap<string, Judge> = new Map([
  ...all(byElement, "Add Sub Mul Div Pow Max Min Mod Neg Abs Sign Exp Log Sqrt Reciprocal Sin Cos Tanh Sigmoid Erf"),
  ...all(byElement, "Relu LeakyRelu Elu Softplus Gelu FastGelu QuickGelu HardSigmoid HardSwish Mish Clip Round Floor"),
  ...all(byElement, "Ceil Cast Identity Where Not And Or Equal Greater GreaterOrEqual Less LessOrEqual Expand"),
  ...all(product, "MatMul Gemm MatMulInteger MatMulIntegerToFloat MatMulNBits MatMulBnb4"),
  ...all(alongOthers, "Concat Split Slice Softmax LayerNormalization SimplifiedLayerNormalization RMSNormalization"),
  ...all(alongOthers, "ReduceMax ReduceMin ReduceMean ReduceSum"),
  ...all(inOrder, "Reshape Unsqueeze Squeeze Flatten Transpose"),
  ...all(lookUp, "Gather"),
  ...all(round, "QuantizeLinear DequantizeLinear"),
  ...all(always, "Shape"), // of rows it tells how many
]);

/**
 * Whether a node computes each row of a batch from that row alone, so that rows of other batches may stand beside it. Of
 * an operator that is not known here it is not assumed.
 * @param rows the size that counts them, first of a value's axes
 */
export function keepsRowsApart(node: Node, rows: string): boolean {
  const hasRows = (value: Value | undefined): boolean =>
    value?.shape.some((dim) => asMultiple(dim)?.name === rows) === true;
  const isFirst = ({ shape: [, ...rest] }: Value): boolean => rest.every((dim) => asMultiple(dim)?.name !== rows);
  const values = [...node.inputs.filter((value) => value !== undefined), ...node.outputs];
  if (!node.inputs.some(hasRows)) return node.op !== "Scan";
  return values.every(isFirst) && judges.get(node.op)?.(node, hasRows) === true;
}
