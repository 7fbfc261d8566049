import { intsOf } from "@skipstep/core/plugin";
import { directionOf } from "./layout";
import type { Rule } from "./rule";

/** A transpose from one layout to the other moves nothing: its output is the other side of the same picture. */
export const transpose: Rule = (node, pictures, model) => {
  const [input] = node.inputs;
  const [output] = node.outputs;
  const direction = node.op === "Transpose" ? directionOf(intsOf(node, "perm") ?? []) : undefined;
  if (!direction || !input || !output) return false;
  // Of three axes either may be the channels: what becomes four axes is a picture.
  const becomesPicture = model
    .readersOf(output)
    .every(({ op, outputs }) => op === "Reshape" && outputs[0]!.shape.length === 4);
  pictures.setTransposed(output, input, direction === "either" ? (becomesPicture ? "to first" : "to last") : direction);
  return true;
};
