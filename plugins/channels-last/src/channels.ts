import { intOf } from "@skipstep/core/plugin";
import type { Rule } from "./rule";

/** Joins pictures along their channels, as the up layers of a U-Net do. */
export const concat: Rule = (node, pictures) => {
  const inputs = node.inputs.filter((input) => input !== undefined);
  const [output] = node.outputs;
  const isOfChannels = node.op === "Concat" && intOf(node, "axis") === 1 && output!.shape.length >= 3;
  if (!isOfChannels || !inputs.some((input) => pictures.isLast(input))) return false;
  if (inputs.some((input) => pictures.isAfterTranspose(input))) return false;
  const parts = inputs.map((input) => pictures.lastOf(input));
  pictures.setLast(
    output!,
    pictures.emit(node.scope, (g) => g.concat(parts, -1)),
  );
  return true;
};

/** Parts of the channels, such as mean and variance. */
export const split: Rule = (node, pictures) => {
  const [input] = node.inputs;
  const isOfChannels = node.op === "Split" && intOf(node, "axis") === 1;
  if (!isOfChannels || !input || !pictures.isLast(input)) return false;
  const lengths = node.outputs.map(({ shape }) => shape[1] as number);
  const last = pictures.lastOf(input);
  const parts = pictures.emit(node.scope, (g) => g.split(last, lengths, -1));
  for (const [i, output] of node.outputs.entries()) pictures.setLast(output, parts[i]!);
  return true;
};
