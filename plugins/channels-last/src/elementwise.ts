import type { Node, Value } from "@skipstep/core/plugin";
import type { Pictures } from "./pictures";
import type { Rule } from "./rule";

/** Ops that compute each element from those at the same place. */
const ops: ReadonlySet<string> = new Set([
  ...["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Where", "Clip", "Cast", "Identity"],
  ...["QuickGelu", "Gelu", "FastGelu", "Relu", "LeakyRelu", "Elu", "Tanh", "Sigmoid", "HardSwish", "Mish", "Softplus"],
  ...["Abs", "Neg", "Exp", "Log", "Sqrt", "Erf", "Sin", "Cos", "Reciprocal", "Round", "Floor"],
]);

export function isElementwise({ op }: Node): boolean {
  return ops.has(op);
}

/** Activations, sums and products, with numbers, with a number a channel, or with another picture. */
export const elementwise: Rule = (node, pictures) => {
  const [output] = node.outputs;
  const inputs = node.inputs.filter((input) => input !== undefined);
  if (!isElementwise(node) || !output || !inputs.some((input) => pictures.isLast(input))) return false;
  const rank = output.shape.length;
  if (!inputs.every((input) => fits(input, rank, pictures))) return false;
  const given = node.inputs.map(
    (input) => input && (input.shape.length === rank ? pictures.lastOf(input) : pictures.asIs(input)),
  );
  pictures.setLast(
    output,
    pictures.emit(node.scope, (g) => {
      const operands = given.map(
        (value) => value && (isPerChannel(value, rank) ? g.reshape(value, [value.shape[0]!]) : value),
      );
      const shape = [output.shape[0]!, ...output.shape.slice(2), output.shape[1]!];
      return g.node(node.op, operands, shape, {
        domain: node.domain,
        attributes: node.attributes,
        dtype: output.dtype,
      });
    }),
  );
  return true;
};

function fits(value: Value, rank: number, pictures: Pictures): boolean {
  const { shape } = value;
  return (shape.length === rank && !pictures.isAfterTranspose(value)) || isNumber(value) || isPerChannel(value, rank);
}

function isNumber({ shape }: Value): boolean {
  return shape.every((dim) => dim === 1) && shape.length < 3;
}

/** `[C, 1, 1]` beside pictures of `rank` axes. */
function isPerChannel({ shape }: Value, rank: number): boolean {
  return shape.length === rank - 1 && shape.slice(1).every((dim) => dim === 1);
}
