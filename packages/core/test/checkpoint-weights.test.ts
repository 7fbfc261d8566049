import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { DType } from "../src/tensor";
import { Weights } from "../src/weights/checkpoint/weights";
import {
  freeDescriptors,
  type StoredTensor,
  safetensors,
  temporaryFolder,
  thrown,
  vector,
  withHeader,
  write,
} from "./checkpoint-files";

const root = temporaryFolder();
const index = (map: Readonly<Record<string, unknown>>) => JSON.stringify({ metadata: {}, weight_map: map });

/** Opens a folder with these files, hands its weights over and closes them. */
function using<Result>(folder: string, act: (weights: Weights) => Result, variant?: string): Result {
  const weights = Weights.open(join(root, folder), { variant });
  try {
    return act(weights);
  } finally {
    weights.close();
  }
}

describe("reading", () => {
  const all: Readonly<Record<string, StoredTensor>> = {
    float64: { dtype: "float64", shape: [2], bytes: Float64Array.of(0.5, -1) },
    float32: { dtype: "float32", shape: [2, 1], bytes: Float32Array.of(0.25, 3) },
    float16: { dtype: "float16", shape: [2], bytes: Uint16Array.of(0x3c00, 0x7c00) },
    bool: { dtype: "bool", shape: [3], bytes: Uint8Array.of(1, 0, 1) }, // so that what follows is not aligned
    bfloat16: { dtype: "bfloat16", shape: [2], bytes: Uint16Array.of(0x3f80, 0xbf80) },
    float8_e4m3fn: { dtype: "float8_e4m3fn", shape: [2], bytes: Uint8Array.of(0x38, 0xb8) },
    float8_e5m2: { dtype: "float8_e5m2", shape: [2], bytes: Uint8Array.of(0x3c, 0xbc) },
    int64: { dtype: "int64", shape: [], bytes: BigInt64Array.of(-7n) },
    uint64: { dtype: "uint64", shape: [1], bytes: BigUint64Array.of(7n) },
    int32: { dtype: "int32", shape: [1], bytes: Int32Array.of(-3) },
    uint32: { dtype: "uint32", shape: [1], bytes: Uint32Array.of(3) },
    int16: { dtype: "int16", shape: [1], bytes: Int16Array.of(-2) },
    uint16: { dtype: "uint16", shape: [1], bytes: Uint16Array.of(2) },
    int8: { dtype: "int8", shape: [1], bytes: Int8Array.of(-1) },
    uint8: { dtype: "uint8", shape: [0, 4], bytes: new Uint8Array() },
  };
  write(join(root, "all", "model.safetensors"), safetensors(all));

  it.each(Object.keys(all))("gives %s back as it was stored", (name) => {
    const { dtype, shape, bytes } = all[name]!;
    expect(using("all", (weights) => weights.read(name))).toEqual({ dtype, shape, data: bytes });
  });

  it("gives every type as float32", () => {
    const floats = (name: DType) => using("all", (weights) => [...weights.readFloat32(name)]);
    expect(floats("float32")).toEqual([0.25, 3]);
    expect(floats("float16")).toEqual([1, Number.POSITIVE_INFINITY]);
    expect(floats("bfloat16")).toEqual([1, -1]);
    expect(floats("float8_e4m3fn")).toEqual([1, -1]);
    expect(floats("int64")).toEqual([-7]);
    expect(floats("bool")).toEqual([1, 0, 1]);
    expect(floats("uint8")).toEqual([]);
  });

  it("converts tensors longer than one piece without a seam", () => {
    const count = 3 * 2 ** 19 + 5; // bfloat16: three pieces and ten bytes
    const codes = Uint16Array.from({ length: count }, (_, i) => i & 0x7f7f);
    write(
      join(root, "long", "model.safetensors"),
      safetensors({ long: { dtype: "bfloat16", shape: [count], bytes: codes } }),
    );
    const floats = using("long", (weights) => weights.readFloat32("long"));
    const bits = new Uint32Array(floats.buffer);
    expect(bits.findIndex((value, i) => value !== codes[i]! * 65536)).toBe(-1);
    expect(bits).toHaveLength(count);
  });

  it("gives rows as bytes", () => {
    const values = Int16Array.from({ length: 12 }, (_, i) => i);
    write(
      join(root, "rows", "model.safetensors"),
      safetensors({ a: vector(1), grid: { dtype: "int16", shape: [4, 3], bytes: values } }),
    );
    using("rows", (weights) => {
      const rows = (first: number, count: number) => [...new Int16Array(weights.readRows("grid", first, count).buffer)];
      expect(rows(1, 2)).toEqual([3, 4, 5, 6, 7, 8]);
      expect(rows(3, 1)).toEqual([9, 10, 11]);
      expect(rows(4, 0)).toEqual([]);
      for (const [first, count] of [
        [3, 2],
        [-1, 1],
        [0, 0.5],
        [0, -1],
      ] as const)
        expect(thrown(() => rows(first, count))).toBe(
          `SKIPSTEP_TENSOR_ROWS: ${join(root, "rows", "model.safetensors")}: tensor "grid" has 4 rows; ${count} from row ` +
            `${first} on were asked for. Ask for rows that it has.`,
        );
    });
    expect(using("all", (weights) => weights.readRows("int64", 0, 1))).toHaveLength(8);
  });
});

describe("laziness", () => {
  const giant = 40 * 2 ** 30; // bytes; a hole in the file, no disk space
  const file = join(root, "giant", "model.safetensors");
  const header = {
    giant: { dtype: "F32", shape: [giant / 4096, 1024], data_offsets: [0, giant] },
    small: { dtype: "F32", shape: [2], data_offsets: [giant, giant + 8] },
  };
  const start = withHeader(JSON.stringify(header), new Uint8Array());

  it("opens 40 GB and reads what is asked for, in little memory", () => {
    write(file, start);
    const descriptor = openSync(file, "r+");
    ftruncateSync(descriptor, start.length + giant + 8);
    writeSync(descriptor, Float32Array.of(1.5, 2.5), 0, 8, start.length + giant);
    writeSync(descriptor, Float32Array.of(9), 0, 4, start.length + 7_000_000 * 4096 + 4);
    closeSync(descriptor);

    const before = process.memoryUsage();
    using("giant", (weights) => {
      expect([...weights.readFloat32("small")]).toEqual([1.5, 2.5]);
      const row = new Float32Array(weights.readRows("giant", 7_000_000, 1).buffer);
      expect([row.length, row[0], row[1]]).toEqual([1024, 0, 9]);
      expect(thrown(() => weights.read("giant"))).toBe(
        `SKIPSTEP_TENSOR_TOO_LARGE: ${file}: tensor "giant" takes ${giant} bytes, and Node's arrays hold 4294967296. ` +
          "Read it in pieces, with readRows.",
      );
    });
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(2 ** 20);
    expect(after.rss - before.rss).toBeLessThan(64 * 2 ** 20);
  });
});

describe("finding", () => {
  const names = (folder: string, variant?: string) => using(folder, (weights) => weights.names, variant);
  const small = (name: string) => safetensors({ [name]: vector(1) });

  it.each(["diffusion_pytorch_model", "model", "pytorch_model"])("takes %s.safetensors and its variants", (stem) => {
    const folder = `stem-${stem}`;
    write(join(root, folder, `${stem}.safetensors`), small("plain"));
    write(join(root, folder, `${stem}.fp16.safetensors`), small("half"));
    write(join(root, folder, `${stem}.bf16-00001-of-00001.safetensors`), small("sharded"));
    write(
      join(root, folder, `${stem}.safetensors.index.bf16.json`),
      index({ sharded: `${stem}.bf16-00001-of-00001.safetensors` }),
    );
    expect(names(folder)).toEqual(["plain"]);
    expect(names(folder, "fp16")).toEqual(["half"]);
    expect(names(folder, "bf16")).toEqual(["sharded"]);
    expect(thrown(() => names(folder, "fp8"))).toContain('Leave "variant" out. Set "variant" to: bf16, fp16.');
  });

  it("joins shards, each tensor from the file that the index names", () => {
    const [first, second] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] as const;
    write(join(root, "shards", first), safetensors({ a: vector(1), twice: vector(2) }));
    write(join(root, "shards", second), safetensors({ twice: vector(3), b: vector(4), unnamed: vector(5) }));
    write(join(root, "shards", "model.safetensors.index.json"), index({ b: second, twice: second, a: first }));
    using("shards", (weights) => {
      expect(weights.names).toEqual(["a", "twice", "b"]);
      expect(weights.entry("twice").file).toBe(join(root, "shards", second));
      expect(["a", "twice", "b"].map((name) => weights.readFloat32(name)[0])).toEqual([1, 3, 4]);
      expect(weights.has("unnamed")).toBe(false);
      expect(thrown(() => weights.entry("c"))).toContain(
        `${join(root, "shards", first)} and ${second}: there is no tensor "c" among 3.`,
      );
    });
  });

  it("joins what shards say of themselves, as they say it", () => {
    const [first, second] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] as const;
    const shard = (tensor: string, metadata: string): Buffer =>
      withHeader(
        `{"__metadata__":${metadata},"${tensor}":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`,
        Uint8Array.of(0),
      );
    write(join(root, "said", first), shard("a", '{"format":"pt","who":"first"}'));
    write(join(root, "said", second), shard("b", '{"who":"second","__proto__":{"told":"no"}}'));
    write(join(root, "said", "model.safetensors.index.json"), index({ a: first, b: second }));
    using("said", ({ metadata }) => {
      expect(metadata).toMatchObject({ format: "pt", who: "second" });
      expect(metadata.told).toBeUndefined();
    });
    write(join(root, "silent", "model.safetensors"), shard("a", '"pt"'));
    expect(using("silent", ({ metadata }) => metadata)).toEqual({});
  });

  it("names shards that are missing, and tensors that are not where the index says", () => {
    const [first, second] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] as const;
    const file = write(join(root, "gone", "model.safetensors.index.json"), index({ a: first, b: second }));
    write(join(root, "gone", first), small("a"));
    expect(thrown(() => names("gone"))).toBe(
      `SKIPSTEP_SHARD_MISSING: ${file} names ${second}, not found beside it. There are: ${first}, ` +
        "model.safetensors.index.json. Download the missing files.",
    );
    write(join(root, "gone", second), small("c"));
    expect(thrown(() => names("gone"))).toContain(
      `SKIPSTEP_SHARD_MISSING: ${file} places tensor "b" in ${second}, which does not hold it.`,
    );
  });

  it.each([
    ["not JSON", "{", "is not JSON ("],
    ["a list", "[]", "holds no JSON object"],
    ["without a map", "{}", 'has no "weight_map"'],
    ["with an empty map", index({}), 'has no "weight_map"'],
    [
      "with a path",
      index({ a: "../a.safetensors" }),
      'must give the name of a file beside it for "a", found "../a.safetensors"',
    ],
    ["with a number", index({ a: 1 }), 'must give the name of a file beside it for "a", found 1'],
  ])("refuses an index that is %s", (name, content, problem) => {
    const file = write(join(root, "index", name, "model.safetensors.index.json"), content);
    expect(thrown(() => names(join("index", name)))).toContain(`SKIPSTEP_CHECKPOINT_INVALID: ${file} ${problem}`);
  });

  it.each([
    [["notes.txt"], undefined, "It has: notes.txt. Download the folder again."],
    [["model.fp16.safetensors"], undefined, 'It has: model.fp16.safetensors. Set "variant" to: fp16.'],
    [["model.fp16-00001-of-00002.safetensors"], undefined, 'Set "variant" to: fp16.'],
    [["model.non_ema.safetensors", "model.safetensors.index.fp16.json"], undefined, 'Set "variant" to: non_ema, fp16.'],
    [["model.safetensors"], "fp16", 'It has: model.safetensors. Leave "variant" out.'],
    [["pytorch_model.bin"], undefined, "Pickles are not read: download or convert the weights as safetensors."],
    [["model-00001-of-00002.safetensors"], undefined, "The index of these shards is missing: download it again."],
  ])("tells what to do about %j with variant %s", (files, variant, hint) => {
    const folder = join("hints", files.join(), String(variant));
    for (const name of files) write(join(root, folder, name), "");
    const middle = variant === undefined ? "" : `.${variant}`;
    const message = thrown(() => names(folder, variant));
    expect(message).toContain(
      `SKIPSTEP_WEIGHTS_MISSING: ${join(root, folder)} has no weights. Looked for: diffusion_pytorch_model${middle}.safetensors, ` +
        `diffusion_pytorch_model.safetensors.index${middle}.json, model${middle}.safetensors, `,
    );
    expect(message).toContain(hint);
  });

  it("says when the folder is missing", () => {
    expect(thrown(() => names("nowhere"))).toMatch(/^SKIPSTEP_WEIGHTS_MISSING: .*nowhere cannot be listed: ENOENT/);
  });

  it("closes the files that it opened when a later one is broken", () => {
    write(join(root, "broken", "a.safetensors"), small("a"));
    write(join(root, "broken", "b.safetensors"), "");
    write(join(root, "broken", "model.safetensors.index.json"), index({ a: "a.safetensors", b: "b.safetensors" }));
    const before = freeDescriptors(join(root, "all", "model.safetensors"));
    expect(thrown(() => names("broken"))).toContain("b.safetensors: it is empty");
    expect(names("shards")).toHaveLength(3);
    expect(freeDescriptors(join(root, "all", "model.safetensors"))).toEqual(before);
  });
});

describe("what a model asks for", () => {
  const file = write(
    join(root, "asked", "model.safetensors"),
    safetensors({ "layers.0.to_q.weight": { dtype: "int8", shape: [2, 3], bytes: new Int8Array(6) } }),
  );

  it("a tensor that is missing, with the nearest name", () => {
    expect(thrown(() => using("asked", (weights) => weights.readFloat32("layers.0.to_k.weight")))).toBe(
      `SKIPSTEP_TENSOR_MISSING: ${file}: there is no tensor "layers.0.to_k.weight" among 1. Did you mean ` +
        '"layers.0.to_q.weight"? The file must belong to the config.json beside it.',
    );
  });

  it("a tensor of another shape", () => {
    using("asked", (weights) => {
      expect(weights.expect("layers.0.to_q.weight", [2, 3]).byteLength).toBe(6);
      for (const shape of [[3, 2], [2], [2, 3, 1]])
        expect(thrown(() => weights.expect("layers.0.to_q.weight", shape))).toBe(
          `SKIPSTEP_TENSOR_SHAPE: ${file}: tensor "layers.0.to_q.weight" must be [${shape.join(", ")}], found [2, 3]. ` +
            "The file must belong to the config.json beside it.",
        );
    });
  });
});
