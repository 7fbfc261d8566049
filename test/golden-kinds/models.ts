import { join } from "node:path";
import { expect } from "vitest";
import { autoencoderKl } from "../../packages/core/src/models/autoencoder-kl";
import { autoencoderTiny } from "../../packages/core/src/models/autoencoder-tiny";
import { qwen3, rotaryTables } from "../../packages/core/src/models/qwen3";
import type { Tensor } from "../../packages/core/src/tensor";
import { buildGraph, readConfig } from "../../packages/core/test/build-graph";
import { readSafetensors } from "../../packages/core/test/read-safetensors";
import { runGraph } from "../../packages/core/test/run-graph";

/** Largest difference allowed, as a part of the expected tensor's largest value. */
const TOLERANCE = 1e-4;

type Io = ReadonlyMap<string, Tensor>;

/** Golden cases of single models, by the class in their `about.json`: each runs one folder and asserts what it computes. */
export const kinds: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  AutoencoderKL: async (folder) => {
    const io = ioOf(folder);
    const { mean, logvar } = await runGraph(buildGraph(autoencoderKl, "encode", folder), {
      sample: io.get("in.sample")!,
    });
    expectClose("mean", mean!, io.get("out.0")!);
    expectClose("logvar", logvar!, io.get("out.1")!);
    const { sample } = await runGraph(buildGraph(autoencoderKl, "decode", folder), { z: io.get("in.z")! });
    expectClose("sample", sample!, io.get("out.2")!);
  },
  AutoencoderTiny: async (folder) => {
    const io = ioOf(folder);
    const { latents } = await runGraph(buildGraph(autoencoderTiny, "encode", folder), { sample: io.get("in.sample")! });
    expectClose("latents", latents!, io.get("out.0")!);
    const { sample } = await runGraph(buildGraph(autoencoderTiny, "decode", folder), { z: io.get("in.z")! });
    expectClose("sample", sample!, io.get("out.1")!);
  },
  Qwen3Model: async (folder) => {
    const io = ioOf(folder);
    const ids = io.get("in.input_ids")!;
    const [batch, length] = ids.shape as [number, number];
    const mask: Tensor = {
      dtype: "int32",
      shape: ids.shape,
      data: Int32Array.from(io.get("in.attention_mask")!.data, Number),
    };
    const tables = rotaryTables(qwen3.parse(readConfig(folder)), batch, length);
    const { hidden } = await runGraph(buildGraph(qwen3, "encode", folder), {
      input_ids: ids,
      attention_mask: mask,
      ...tables,
    });
    expectClose("hidden", realRows(hidden!, mask), realRows(io.get("out.0")!, mask));
  },
};

/** Asserts that two tensors agree within `tolerance` of the expected one's largest value. */
export function expectClose(name: string, found: Tensor, expected: Tensor, tolerance: number = TOLERANCE): void {
  expect(found.shape, name).toEqual([...expected.shape]);
  let largest = 0;
  let difference = 0;
  for (const [i, x] of expected.data.entries()) {
    largest = Math.max(largest, Math.abs(Number(x)));
    difference = Math.max(difference, Math.abs(Number(found.data[i]) - Number(x))); // NaN stays
  }
  expect(difference / largest, `${name}: largest difference as a part of ${largest}`).toBeLessThanOrEqual(tolerance);
}

function ioOf(folder: string): Io {
  return readSafetensors(join(folder, "io.safetensors"));
}

/** Zeros where the mask is 0: what stands there has no meaning. */
function realRows({ dtype, shape, data }: Tensor, mask: Tensor): Tensor {
  const width = shape.at(-1)!;
  return {
    dtype,
    shape,
    data: Float32Array.from(data as Float32Array, (x, i) => (mask.data[Math.floor(i / width)] === 1 ? x : 0)),
  };
}
