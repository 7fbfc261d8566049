import { basename } from "node:path";
import { expectSame } from "@skipstep/contract/graph";
import { openWeights } from "@skipstep/core/model";
import { dequantize, roundToNearest, type Scheme } from "../../packages/lowbit/src/index";

/** Rounding to nearest by the file's name: `asymmetric-4-group32`. */
export function checkInteger(file: string): void {
  const [, scheme, bits, per, group] = /^(symmetric|asymmetric)-(\d+)-(tensor|row|group(\d+))$/.exec(basename(file))!;
  const io = openWeights(`${file}.safetensors`);
  const [rows, columns] = io.entry("in.x").shape as [number, number];
  const rounded = roundToNearest(io.readFloat32("in.x"), rows, columns, {
    bits: Number(bits),
    scheme: scheme as Scheme,
    per: group === undefined ? (per as "tensor" | "row") : Number(group),
  });
  expectSame("scales", rounded.scales, io.readFloat32("out.scale"));
  if (io.has("out.zero_point")) expectSame("zero points", rounded.zeroPoints!, io.readFloat32("out.zero_point"));
  expectSame("codes", rounded.codes, io.readFloat32("out.codes"));
  expectSame("values", dequantize(rounded), io.readFloat32("out.dequantized"));
  io.close();
}
