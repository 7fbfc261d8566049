import { readFileSync } from "node:fs";
import { expectWithin, newGraph, readSafetensors, runGraph } from "@skipstep/contract/graph";
import type { Tensor } from "@skipstep/core/model";
import { size } from "@skipstep/core/model";
import { ops } from "../../plugins/xformers/src/attend";
import { memoryEfficientAttention } from "../../plugins/xformers/src/memory-efficient-attention";
import { parseBias } from "../../plugins/xformers/src/parse-bias";

/** How the reference was called; the mask's arguments stand beside it by their names. */
interface About {
  readonly scale: number | null;
  readonly bias?: string;
}

const tolerance = 1e-5;

/** A block of one query, blocks that leave a rest, and one that holds all. */
const blockSizes = [1, 7, 16, 1024];

/**
 * `memory_efficient_attention` in the reference's layout: by every op, in blocks of several sizes, with numbers of
 * tokens that are known when the graph is built and with such that are not.
 */
export async function checkAttention(file: string): Promise<void> {
  const { scale, bias, ...given }: About = JSON.parse(readFileSync(file.replace(/safetensors$/, "json"), "utf8"));
  const io = readSafetensors(file);
  const expected = seeingRows(io.get("out.y")!, io.get("mask")!);
  for (const op of ops)
    for (const blockSize of op === "math" ? [1] : blockSizes)
      for (const isKnown of [false, true]) {
        const g = newGraph({ component: "attention" });
        const input = (name: string, names: readonly string[]) => {
          const { shape } = io.get(`in.${name}`)!;
          return g.input(name, isKnown ? shape : shape.map((dim, i) => (names[i] ? size(names[i]) : dim)));
        };
        const [query, key, value] = [input("q", ["B", "M"]), input("k", ["B", "N"]), input("v", ["B", "N"])];
        const tensor = io.has("in.bias") ? input("bias", ["B", "", "M", "N"]) : undefined;
        const attnBias = bias === undefined ? tensor : parseBias({ [bias]: given }).mask;
        const options = { ...(attnBias ? { attnBias } : {}), ...(scale === null ? {} : { scale }), op, blockSize };
        g.output("y", memoryEfficientAttention(g, query!, key!, value!, options));
        const feeds = Object.fromEntries(g.inputs.map(({ name }) => [name, io.get(`in.${name}`)!]));
        const { y } = await runGraph(g, feeds);
        expectWithin(`${op}, blocks of ${blockSize}`, y!, expected, tolerance);
      }
}

/** Zeros for queries that see no key, for which the reference has no answer. @param y `[B, M, H, K]` @param mask `[M, N]` */
function seeingRows({ dtype, shape, data }: Tensor, mask: Tensor): Tensor {
  const [, rows, heads, width] = shape as [number, number, number, number];
  const keys = mask.shape.at(-1)!;
  const sees = (row: number): boolean =>
    mask.data.subarray(row * keys, (row + 1) * keys).some((x) => Number(x) !== Number.NEGATIVE_INFINITY);
  const seeing = Array.from({ length: rows }, (_, row) => sees(row));
  return {
    dtype,
    shape,
    data: Float32Array.from(data as Float32Array, (x, i) => (seeing[Math.floor(i / (heads * width)) % rows] ? x : 0)),
  };
}
