import { basename } from "node:path";
import { expectClose, expectSame, memoryWeights, newGraph, runGraph } from "@skipstep/contract/graph";
import { type Floats, floats, linear, openWeights, size } from "@skipstep/core/model";
import { expect } from "vitest";
import { packHalves, quantizeBlocks } from "../../plugins/bnb/src/blockwise";
import { bnbFormat } from "../../plugins/bnb/src/bnb-format";
import { codeTables, type FourBitType, nearestIn } from "../../plugins/bnb/src/codes";
import { nestScales } from "../../plugins/bnb/src/double-quantization";
import { Bnb } from "../../plugins/bnb/src/index";
import { dequantizeRows, quantizeRows } from "../../plugins/bnb/src/int8-rows";
import { bnbOptions } from "./bnb-options";

/** `nf4-64-double-bfloat16`, `linear-nf4`, `int8`: by the file's name. */
export async function checkBitsandbytes(file: string): Promise<void> {
  const name = basename(file);
  if (name === "int8") return checkInt8(file);
  if (name.startsWith("linear-")) return checkLinear(file, name.slice("linear-".length) as FourBitType);
  const [, type, block, double] = /^(nf4|fp4)-(\d+)(-double)?-\w+$/.exec(name)!;
  checkFourBit(file, type as FourBitType, Number(block), double !== undefined);
}

/** What a checkpoint stores: read to the values, and made of the weight to the byte. */
function checkFourBit(file: string, type: FourBitType, block: number, isDouble: boolean): void {
  const io = openWeights(`${file}.safetensors`);
  const weights = bnbFormat.open({ path: file, tensors: io, quantization: {}, metadata: () => ({}) });
  const [rows, columns] = weights.entry("weight").shape as [number, number];
  const isWhole = columns % block === 0;
  const expected = io.readFloat32("out.dequantized");
  if (isWhole) expectSame("values", weights.readFloat32("weight"), expected);
  else checkStraddling(weights.readFloat32("weight"), expected, io.readFloat32("in.weight"), columns, block);
  const part = new Float32Array(weights.readRows("weight", rows - 3, 2).buffer);
  expectSame("two rows", part, weights.readFloat32("weight").slice((rows - 3) * columns, (rows - 1) * columns));

  const { codes, absmax } = quantizeBlocks(io.readFloat32("in.weight"), block, nearestIn(codeTables[type]));
  expectSame("codes", packHalves(codes, 0), io.read("weight").data as Uint8Array);
  if (!isDouble) expectSame("scales", absmax, io.readFloat32("weight.absmax"));
  else {
    const nested = nestScales(absmax);
    expectSame("map", nested.map, io.readFloat32("weight.nested_quant_map"));
    // The library looks codes up in a table of 65536 places, and is one off here and there.
    const stored = io.read("weight.absmax").data as Uint8Array;
    const distances = nested.codes.map((code, i) => Math.abs(code - stored[i]!));
    expectSame(
      "scales, far off",
      distances.filter((distance) => distance > 1),
      [],
    );
    expectClose(
      "scales of scales",
      floats([1], nested.absmax.slice(0, 1)),
      floats([1], io.readFloat32("weight.nested_absmax").slice(0, 1)),
      1e-6,
    );
  }
  weights.close();
}

/**
 * Blocks that rows do not end with. The library packs them one after the other over all rows, as the kernels of GPUs
 * read them; its kernel for CPUs (0.50.2) takes the scale of another block, and what it gives is not the weight. So its
 * values count where both take the same block, and elsewhere the weight itself does.
 */
function checkStraddling(
  found: Float32Array,
  reference: Float32Array,
  weight: Float32Array,
  columns: number,
  block: number,
): void {
  const isSame = (i: number): boolean => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    return Math.floor(i / block) === row * Math.floor(columns / block) + Math.floor(column / block);
  };
  expectSame(
    "values of the same blocks",
    found.filter((_, i) => isSame(i)),
    reference.filter((_, i) => isSame(i)),
  );
  const error = (values: Float32Array): number => {
    const squares = values.reduce((sum, value, i) => sum + (value - weight[i]!) ** 2, 0);
    return Math.sqrt(squares / weight.reduce((sum, value) => sum + value ** 2, 0));
  };
  expect(error(found), "relative error of the weight").toBeLessThan(0.2);
}

function checkInt8(file: string): void {
  const io = openWeights(`${file}.safetensors`);
  const [rows, columns] = io.entry("in.weight").shape as [number, number];
  const { codes, scb } = quantizeRows(io.readFloat32("in.weight"), rows, columns);
  expectSame("SCB", scb, io.readFloat32("SCB"));
  expectSame("codes", codes, io.read("weight").data as Int8Array);
  expectSame("values", dequantizeRows({ codes, scb }), io.readFloat32("out.dequantized"));
  io.close();
}

/** A linear layer in 4 bits, made on the fly. */
async function checkLinear(file: string, type: FourBitType): Promise<void> {
  const io = openWeights(`${file}.safetensors`);
  const [rows, columns] = io.entry("in.weight").shape as [number, number];
  const tensor = (name: string): Floats => floats(io.entry(name).shape, io.readFloat32(name));
  const weights = memoryWeights({ "layer.weight": tensor("in.weight"), "layer.bias": tensor("in.bias") });
  const plugin = new Bnb(
    bnbOptions({ load_in_4bit: true, bnb_4bit_quant_type: type, bnb_4bit_use_double_quant: true }),
  );
  const g = newGraph({ component: "test", weights, hooks: { weightLoad: (weight) => plugin.weightLoad(weight) } });
  g.output("y", linear(g, "layer", g.input("x", [size("T"), columns]), rows));
  const { y } = await runGraph(g, { x: tensor("in.x") });
  expectClose("y", y!, tensor("out.y"));
  io.close();
}
