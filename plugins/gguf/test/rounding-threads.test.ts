import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OpenWeights, QuantizeRequest } from "@skipstep/core/plugin";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { BlockType } from "../src/blocks/block-type";
import type { GgufWriteOptions } from "../src/writing/options";
import { quantizeToGguf } from "../src/writing/quantize-to-gguf";
import { type RoundingError, roundChunk } from "../src/writing/round-chunk";
import { RoundingThreads } from "../src/writing/rounding-threads";
import { WriteQueue } from "../src/writing/write-queue";
import { writeTensor } from "../src/writing/write-tensor";
import { writtenTypeNamed } from "../src/writing/written-types";

const folder = mkdtempSync(join(tmpdir(), "skipstep-threads-"));
let threads: RoundingThreads;
beforeAll(() => {
  threads = new RoundingThreads(2);
});
afterAll(async () => {
  await threads.close();
  rmSync(folder, { recursive: true });
});

/** A wave, so that rows differ. */
function values(count: number, phase = 0): Float32Array {
  return new Float32Array(count).map((_, i) => Math.sin(i * 0.37 + phase) * (1 + (i % 7)));
}

/** A checkpoint of one tensor. */
function weightsOf(name: string, [rows, columns]: readonly [number, number]): OpenWeights {
  const all = values(rows * columns);
  const entry = { name, dtype: "float32", shape: [rows, columns] };
  return {
    names: [name],
    entry: () => entry,
    readRows: (_: string, row: number, count: number) =>
      new Uint8Array(all.buffer, 4 * row * columns, 4 * count * columns),
  } as unknown as OpenWeights;
}

describe("rounding on threads", () => {
  it.each(["Q4_0", "Q8_0", "Q3_K", "Q4_K", "IQ4_XS"])("rounds to %s as this thread does, in order", async (name) => {
    const type = writtenTypeNamed(name) as BlockType;
    const importance = values(512).map(Math.abs);
    const chunks = [0, 1, 2, 3, 4].map((phase) => values(4 * 512, phase));
    const found = await Promise.all(chunks.map((chunk) => threads.round(type, chunk, importance)));
    expect(found).toEqual(chunks.map((chunk) => roundChunk(type, chunk, importance)));
  });

  it("writes the tensor that this thread writes", async () => {
    const shape = [1100, 512] as const; // three chunks, the last one shorter
    const weights = weightsOf("weight", shape);
    const tensor = { entry: weights.entry("weight"), type: writtenTypeNamed("Q4_K")!, offset: 0, byteLength: 0 };
    const written = async (used: RoundingThreads | undefined) => {
      const path = join(folder, used ? "threads" : "here");
      const file = await open(path, "wx");
      const { signal } = new AbortController();
      const queue = new WriteQueue(file, used ? used.count + 1 : 0);
      const chunks: unknown[] = [];
      const onWritten = (count: number, error: RoundingError): unknown => chunks.push([count, error]);
      await writeTensor(queue, weights, tensor, { importance: undefined, threads: used, signal, onWritten });
      await queue.drain();
      await file.close();
      return { chunks, bytes: readFileSync(path) };
    };
    const here = await written(undefined);
    expect(here.chunks.length).toBe(3);
    expect(here.bytes.length).toBe((1100 * 512 * 144) / 256);
    expect(await written(threads)).toEqual(here);
  });

  it("says why where a thread fails", async () => {
    const broken = new RoundingThreads(1);
    try {
      const asked = broken.round({ name: "Q9_Z" } as BlockType, values(256), undefined);
      await expect(asked).rejects.toThrow(/undefined/);
    } finally {
      await broken.close();
    }
  });

  it.each<[string, readonly [number, number], boolean]>([
    ["a large checkpoint", [4096, 2048], true],
    ["a small one, for which threads would take longer to start", [4095, 2048], false],
  ])("is how %s is written", async (_, shape, isThreaded) => {
    const round = vi.spyOn(RoundingThreads.prototype, "round");
    const close = vi.spyOn(RoundingThreads.prototype, "close");
    const name = "layers.0.feed_forward.w1.weight";
    const { signal } = new AbortController();
    await quantizeToGguf({
      component: {
        className: "ZImageTransformer2DModel",
        config: {},
      } as QuantizeRequest<GgufWriteOptions>["component"],
      weights: weightsOf(name, shape),
      options: { type: "Q8_0", rules: [], importance: "", calibrate: false } as unknown as GgufWriteOptions,
      file: join(folder, `${isThreaded}.gguf`),
      images: () => [],
      signal,
      onProgress: () => undefined,
    });
    expect(round.mock.calls.length > 0).toBe(isThreaded);
    expect(close.mock.calls.length > 0).toBe(isThreaded);
    vi.restoreAllMocks();
  });
});
