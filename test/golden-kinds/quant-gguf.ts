import { basename } from "node:path";
import { openWeights } from "@skipstep/core/model";
import { toFloat32 } from "@skipstep/core/plugin";
import { expect } from "vitest";
import { blockTypeNamed } from "../../plugins/gguf/src/block-types";
import { dequantize, quantize } from "../../plugins/gguf/src/blocks/block-type";
import { plainTypes } from "../../plugins/gguf/src/plain-types";

/** A block type by the file's name: blocks and their values, and where there is a weight, the blocks that it becomes. */
export function checkBlocks(file: string): void {
  const io = openWeights(`${file}.safetensors`);
  const blocks = io.read("in.blocks").data as Uint8Array;
  const expected = io.readFloat32("out.dequantized");
  const weight = io.has("in.weight") ? io.readFloat32("in.weight") : undefined;
  io.close();
  const name = basename(file);
  const [packed, plain] = [blockTypeNamed(name), plainTypes.find((type) => type.name === name)];
  if (!packed && !plain) throw new Error(`block type ${name} is not known`);
  const values = packed ? dequantize(packed, blocks) : toFloat32(blocks, plain!.dtype);
  expect(firstDifference(bitsOf(values), bitsOf(expected)), `${name}: values`).toBeUndefined();
  if (!weight) return;
  const made = packed ? quantize(packed, weight) : plain!.write!(weight);
  expect(firstDifference(made, blocks), `${name}: bytes`).toBeUndefined();
}

function bitsOf({ buffer, byteOffset, length }: Float32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length);
}

type Numbers = Uint8Array | Uint32Array;

function firstDifference(found: Numbers, expected: Numbers): object | undefined {
  if (found.length !== expected.length) return { length: found.length, expected: expected.length };
  const at = expected.findIndex((x, i) => x !== found[i]);
  return at < 0 ? undefined : { at, found: found[at], expected: expected[at] };
}
