import { equalDims } from "@skipstep/core/plugin";
import { shapeToLast } from "./layout";
import type { Rule } from "./rule";

/** `[B, C, H, W]` to `[B, C, H W]` and back. */
export const reshape: Rule = (node, pictures) => {
  const [input] = node.inputs;
  const [output] = node.outputs;
  if (node.op !== "Reshape" || !input || !output || !pictures.isLast(input)) return false;
  const [from, to] = [input.shape, output.shape];
  const keepsChannels = from.length >= 3 && to.length >= 3 && [0, 1].every((axis) => equalDims(from[axis]!, to[axis]!));
  if (!keepsChannels) return false;
  const last = pictures.lastOf(input);
  pictures.setLast(
    output,
    pictures.emit(node.scope, (g) => g.reshape(last, shapeToLast(to))),
  );
  return true;
};
