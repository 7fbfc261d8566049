import type { WeightSource } from "../checkpoint/weight-source";
import { loraShape } from "../errors/lora";
import { sizeOf } from "../tensor";
import type { LoraModule } from "./lora";
import type { LoraTarget } from "./lora-targets";

/** Whether a module's matrices multiply to its weights. @throws SKIPSTEP_LORA_SHAPE */
export function checkShapes(
  file: string,
  lora: WeightSource,
  { down, up, mid }: LoraModule,
  targets: readonly LoraTarget[],
): void {
  const [rank = 1] = lora.entry(down).shape;
  const rows = targets.flatMap(({ parts }) => parts).reduce((sum, { count }) => sum + count, 0);
  const [{ weight, shape }] = targets as [LoraTarget, ...LoraTarget[]];
  const [, inputs = 1, ...pixels] = shape;
  const expect = (tensor: string, expected: readonly number[]): void => {
    const found = lora.entry(tensor).shape;
    // A matrix may be kept as a convolution over single pixels, and the other way round.
    const isSame = found[0] === expected[0] && found[1] === expected[1] && sizeOf(found) === sizeOf(expected);
    if (!isSame) throw loraShape(file, tensor, found, expected, weight);
  };
  expect(down, [rank, inputs, ...(mid === undefined ? pixels : [])]);
  if (mid !== undefined) expect(mid, [rank, rank, ...pixels]);
  expect(up, [rows, rank]);
}
