import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openWeights } from "@skipstep/core/model";
import type { OpenWeights } from "@skipstep/core/plugin";
import { afterAll, describe, expect, it } from "vitest";
import { nunchakuFormat, ownMetadata } from "../src/nunchaku/format";
import { denseRows, packLayer, packVector, type SvdLayer, unpackLayer } from "../src/nunchaku/layer";
import { modulesOf } from "../src/nunchaku/names";
import { awqPlace } from "../src/nunchaku/order";
import { type GivenTensor, writeTensors } from "./write-tensors";

const folder = mkdtempSync(join(tmpdir(), "skipstep-nunchaku-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function layer(rows: number, columns: number, rank: number, seed: number): SvdLayer {
  const value = (i: number): number => ((i * 37 + seed * 11) % 29) / 16 - 0.9;
  const fill = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => value(i));
  return {
    rows,
    columns,
    rank,
    codes: Int8Array.from({ length: rows * columns }, (_, i) => ((i * 5 + seed) % 16) - 8),
    scales: fill(rows * Math.ceil(columns / 64)).map((x) => Math.abs(x) + 0.5),
    smooth: fill(columns).map((x) => Math.abs(x) + 0.25),
    down: fill(rank * columns),
    up: fill(rows * rank),
  };
}

const floats = (shape: number[], values: Float32Array): GivenTensor => ({ dtype: "F32", shape, bytes: values });

/** As a file has it, in names of the old form or the new. */
function stored(name: string, of: SvdLayer, bias?: Float32Array): Record<string, GivenTensor> {
  const { qweight, wscales, smooth, down, up } = packLayer(of);
  const [height, width] = [of.rows, of.columns].map((size) => Math.ceil(size / 128) * 128) as [number, number];
  const depth = Math.ceil(of.rank / 16) * 16;
  return {
    [`${name}.qweight`]: { dtype: "I8", shape: [height, width / 2], bytes: qweight },
    [`${name}.wscales`]: floats([width / 64, height], wscales),
    [`${name}.smooth`]: floats([width], smooth),
    [`${name}.smooth_orig`]: floats([width], smooth),
    [`${name}.lora_down`]: floats([width, depth], down),
    [`${name}.lora_up`]: floats([height, depth], up),
    ...(bias ? { [`${name}.bias`]: floats([height], packVector(bias, 0)) } : {}),
  };
}

async function opened(
  tensors: Record<string, GivenTensor>,
  metadata: Record<string, string> = {},
): Promise<OpenWeights> {
  const path = join(folder, `${Math.random()}.safetensors`);
  await writeTensors(path, tensors, metadata);
  const source = openWeights(path);
  expect(nunchakuFormat.matches!(source.names.map((name) => source.entry(name)))).toBe(true);
  try {
    return nunchakuFormat.open({ path, tensors: source, quantization: {}, metadata: () => metadata });
  } catch (error) {
    source.close();
    throw error;
  }
}

const close = (actual: Float32Array, expected: ArrayLike<number>): void => {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of actual.entries()) expect(Math.abs(value - expected[i]!), `${i}`).toBeLessThan(2e-4);
};

describe("a layer", () => {
  it("comes back from nunchaku's order, with sizes that fill no tile and a rank that is none of 16", () => {
    const original = layer(130, 72, 5, 1);
    const back = unpackLayer(packLayer(original), 130, 72, 16);
    expect(back.codes).toEqual(original.codes);
    expect(back.scales).toEqual(original.scales);
    expect(back.smooth).toEqual(original.smooth);
    expect(denseRows(back, 3, 2)).toEqual(denseRows(original, 3, 2));
  });
});

describe("a FLUX file of nunchaku", () => {
  const block = "transformer_blocks.0";
  const single = "single_transformer_blocks.0";
  const ones = (length: number, value = 1): Float32Array => new Float32Array(length).fill(value);

  it("splits fused projections and moves norms to where diffusers has them", async () => {
    const fused = layer(384, 128, 16, 2);
    const bias = Float32Array.from({ length: 384 }, (_, i) => i / 100);
    const norm = floats([4], Float32Array.of(1, 2, 3, 4));
    const weights = await opened({ ...stored(`${block}.qkv_proj`, fused, bias), [`${block}.norm_q.weight`]: norm });
    expect([...weights.names].sort()).toEqual(
      [
        ...["to_q", "to_k", "to_v"].flatMap((part) => [`${block}.attn.${part}.weight`, `${block}.attn.${part}.bias`]),
        `${block}.attn.norm_q.weight`,
      ].sort(),
    );
    close(weights.readFloat32(`${block}.attn.to_k.weight`), denseRows(fused, 128, 128));
    close(weights.readFloat32(`${block}.attn.to_v.bias`), bias.slice(256));
    const { tensors, parameters } = weights.packed!(`${block}.attn.to_k.weight`)!;
    expect(tensors.codes!.read().data).toEqual(fused.codes.slice(128 * 128, 256 * 128));
    expect(parameters).toEqual({ rank: 16, group_size: 64 });
    weights.close();
  });

  it("takes the shift of GELU's outputs out of the bias", async () => {
    const second = layer(128, 128, 16, 3);
    const weights = await opened({
      ...stored(`${block}.qkv_proj`, layer(384, 128, 16, 2)),
      ...stored(`${block}.mlp_fc2`, second, ones(128)),
    });
    const residual = denseRows({ ...second, rank: 0 }, 0, 128);
    const sums = Float32Array.from({ length: 128 }, (_, n) =>
      residual.subarray(128 * n, 128 * (n + 1)).reduce((a, b) => a + b, 0),
    );
    const bias = weights.readFloat32(`${block}.ff.net.2.bias`);
    for (const [n, value] of bias.entries()) expect(value).toBeCloseTo(1 + 0.171875 * sums[n]!, 3);
    weights.close();
  });

  it("joins the two halves of a single block's output", async () => {
    const [out, second] = [layer(128, 128, 16, 4), layer(128, 256, 32, 5)];
    const weights = await opened({
      ...stored(`${single}.qkv_proj`, layer(384, 128, 16, 2)),
      ...stored(`${single}.out_proj`, out, ones(128)),
      ...stored(`${single}.mlp_fc2`, second, ones(128, 2)),
    });
    const name = `${single}.proj_out.weight`;
    expect(weights.entry(name).shape).toEqual([128, 384]);
    const dense = weights.readFloat32(name);
    close(dense.slice(0, 128), denseRows(out, 0, 1));
    close(dense.slice(5 * 384 + 128, 6 * 384), denseRows(second, 5, 1));
    expect(weights.packed!(name)!.parameters.rank).toBe(48);
    expect(weights.packed!(name)!.tensors.smooth!.read().data).toEqual(
      Float32Array.of(...out.smooth, ...second.smooth),
    );
    weights.close();
  });

  it("orders a modulation's rows by chunk, and takes 1 from its scales", async () => {
    const [rows, columns, chunks] = [192, 128, 6];
    const codes = Uint8Array.from({ length: rows * columns }, (_, i) => (i * 7) % 16);
    const words = new Uint16Array((rows * columns) / 4);
    for (let n = 0; n < rows; n++)
      for (let k = 0; k < columns; k++) {
        const { word, shift } = awqPlace(n, k, columns);
        words[word]! |= codes[n * columns + k]! << shift;
      }
    const name = `${block}.norm1.linear`;
    const bias = Float32Array.from({ length: rows }, (_, n) => n);
    const weights = await opened({
      ...stored(`${block}.qkv_proj`, layer(384, 128, 16, 2)),
      [`${name}.qweight`]: { dtype: "I32", shape: [rows / 4, columns / 2], bytes: words },
      [`${name}.wscales`]: floats([2, rows], ones(2 * rows, 0.5)),
      [`${name}.wzeros`]: floats([2, rows], ones(2 * rows, -3.5)),
      [`${name}.bias`]: floats([rows], bias),
    });
    const channels = rows / chunks;
    const dense = weights.readFloat32(`${name}.weight`);
    const found = weights.readFloat32(`${name}.bias`);
    const packed = weights.packed!(`${name}.weight`)!.tensors;
    for (const [chunk, channel] of [
      [0, 0],
      [1, 3],
      [4, 7],
      [5, 31],
    ] as const) {
      const [to, from] = [chunk * channels + channel, channel * chunks + chunk];
      const row = Float32Array.from(codes.slice(from * columns, (from + 1) * columns), (code) => 0.5 * code - 3.5);
      close(dense.slice(to * columns, (to + 1) * columns), row);
      expect([...packed.codes!.read().data.slice(to * columns, to * columns + 9)].map(Number)).toEqual([
        ...codes.slice(from * columns, from * columns + 9),
      ]);
      expect(found[to]).toBe(from - ([1, 4].includes(chunk) ? 1 : 0));
    }
    weights.close();
  });
});

describe("names of other families", () => {
  const namesOf = (layers: string[], isFused = true): string[] => modulesOf(layers, isFused).map(({ name }) => name);
  it("are split where diffusers splits them", () => {
    expect(
      namesOf(["layers.0.attention.to_qkv", "layers.0.feed_forward.net.0.proj", "layers.0.feed_forward.net.2"]),
    ).toEqual(
      ["to_q", "to_k", "to_v"]
        .map((part) => `layers.0.attention.${part}`)
        .concat(["w3", "w1", "w2"].map((part) => `layers.0.feed_forward.${part}`)),
    );
    expect(namesOf(["transformer_blocks.0.attn.add_qkv_proj"])).toEqual(
      ["add_q_proj", "add_k_proj", "add_v_proj"].map((part) => `transformer_blocks.0.attn.${part}`),
    );
  });
  it("stay as they are in the lite form, without shifts", () => {
    const [module] = modulesOf(["transformer_blocks.0.img_mlp.net.2"], false);
    expect(module).toMatchObject({ name: "transformer_blocks.0.img_mlp.net.2", shifts: [0] });
    expect(modulesOf(["transformer_blocks.0.img_mlp.net.2"], true)[0]!.shifts).toEqual([0.171875]);
  });
});

describe("a broken file", () => {
  const name = "layers.0.to_q";
  const whole = stored(name, layer(128, 128, 16, 1));
  const without = (part: string): Record<string, GivenTensor> =>
    Object.fromEntries(Object.entries(whole).filter(([key]) => !key.endsWith(part)));
  const layout = (text: RegExp): object => ({ code: "SKIPSTEP_SVDQUANT_LAYOUT", message: expect.stringMatching(text) });

  it("lacks a tensor of a layer", async () => {
    await expect(opened(without(".lora_up"))).rejects.toMatchObject(layout(/"layers\.0\.to_q" has no ".*lora_up"/));
  });
  it("has groups of another size", async () => {
    const other = { ...whole, [`${name}.wscales`]: floats([4, 128], new Float32Array(512)) };
    await expect(opened(other)).rejects.toMatchObject(layout(/groups of 32 instead of 64/));
  });
  it("has a branch of another rank than its other half", async () => {
    const other = { ...whole, [`${name}.lora_up`]: floats([128, 32], new Float32Array(4096)) };
    await expect(opened(other)).rejects.toMatchObject(layout(/lora_up" of shape \[128, 32\], expected \[128, 16\]/));
  });
  it("is nvfp4", async () => {
    const scales = { dtype: "F8_E4M3", shape: [8, 128], bytes: new Uint8Array(1024) };
    await expect(opened({ ...whole, [`${name}.wscales`]: scales })).rejects.toMatchObject({
      code: "SKIPSTEP_SVDQUANT_PRECISION",
      message: expect.stringContaining("nvfp4"),
    });
  });
  it("says sizes that are not its layers'", async () => {
    const metadata = { [ownMetadata]: JSON.stringify({ sizes: { [name]: [129, 128] } }) };
    await expect(opened(whole, metadata)).rejects.toMatchObject(layout(/said to be \[129, 128\]/));
  });
});
