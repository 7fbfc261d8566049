import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { validateConfig } from "@skipstep/core";
import { toFloat32 } from "@skipstep/core/plugin";
import { afterAll, describe, expect, it } from "vitest";
import { Gguf } from "../src";
import { blockTypeNamed } from "../src/block-types";
import { quantize } from "../src/blocks/block-type";
import { openGguf } from "../src/container/gguf-weights";
import { floatBytes, ggufBytes, ints, text, u32, u64, type Written } from "./gguf-bytes";
import { thrown } from "./thrown";

const root = mkdtempSync(join(tmpdir(), "skipstep-gguf-container-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

function file(content: Uint8Array): string {
  const path = join(root, `${count++}.gguf`);
  writeFileSync(path, content);
  return path;
}

function opened(written: Written): ReturnType<typeof openGguf> {
  return openGguf({ path: file(ggufBytes(written)) });
}

/** What opening it throws, without the path. */
function refusal(content: Uint8Array): string {
  const path = file(content);
  return thrown(() => openGguf({ path })).replace(path, "FILE");
}

const x = { name: "x", dims: [2, 3], id: 0, offset: 0 };
const six = floatBytes([1, 2, 3, 4, 5, 6]);

describe("a GGUF file", () => {
  it.each([2, 3])("of version %i is read, its dims the other way round", (version) => {
    const weights = opened({ version, tensors: [x], data: six });
    expect(weights.expect("x", [3, 2]).dtype).toBe("float32");
    expect([...weights.readFloat32("x")]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...new Float32Array(weights.readRows("x", 1, 1).buffer)]).toEqual([3, 4]);
    expect(weights.format).toBe("gguf");
    weights.close();
  });

  it("may hold values of all types, lists in lists, and an alignment of its own", () => {
    const nested = Buffer.concat([u32(9), u64(1), u32(8), u64(2), text("a"), text("b")]);
    const weights = opened({
      values: [
        ["general.alignment", 4, u32(64)],
        ["eight", 0, Buffer.alloc(1)],
        ["double", 12, Buffer.alloc(8)],
        ["yes", 7, Buffer.of(1)],
        ["text", 8, text("T".repeat(300_000))], // longer than what is read at once
        ["nested", 9, nested],
      ],
      tensors: [{ ...x, offset: 64 }],
      data: Buffer.concat([Buffer.alloc(64), six]),
      alignment: 64,
    });
    expect(weights.readFloat32("x")[0]).toBe(1);
    weights.close();
  });

  it("gives rows of blocks without the others, packed and taken apart", () => {
    const q8 = blockTypeNamed("Q8_0")!;
    const values = Float32Array.from({ length: 4 * 64 }, (_, i) => Math.sin(i));
    const weights = opened({
      tensors: [{ name: "w", dims: [64, 4], id: q8.id, offset: 0 }],
      data: quantize(q8, values),
    });
    const whole = weights.readFloat32("w");
    const rows = new Float32Array(weights.readRows("w", 1, 2).buffer);
    expect([...rows]).toEqual([...whole.subarray(64, 192)]);
    const packed = weights.packed!("w")!;
    expect([packed.format, packed.byteLength]).toEqual(["gguf:Q8_0", 4 * 2 * 34]);
    const some = packed.rows!(1, 2)!.rows!(1, 1)!.tensors.blocks!.read();
    expect(some.shape).toEqual([1, 68]);
    expect([...some.data]).toEqual([...quantize(q8, values.slice(128, 192))]);
    weights.close();
  });

  it.each([".scale", ".weight.scale"])("has its tensors' own scale in them, named %s", (end) => {
    const q8 = blockTypeNamed("Q8_0")!;
    const values = Float32Array.from({ length: 4 * 64 }, (_, i) => Math.sin(i));
    const blocks = quantize(q8, values);
    const tensors = [{ name: "a.weight", dims: [64, 4], id: q8.id, offset: 0 }];
    const plain = opened({ tensors, data: blocks });
    const at = Math.ceil(blocks.length / 32) * 32;
    const own = ["", "input_"].map((kind, i) => ({
      name: `a${end.replace("scale", `${kind}scale`)}`,
      dims: [1],
      id: 0,
      offset: at + 32 * i,
    }));
    const data = Buffer.concat([
      blocks,
      Buffer.alloc(at - blocks.length),
      floatBytes([0.25]),
      Buffer.alloc(28),
      floatBytes([9]),
    ]);
    const scaled = opened({ tensors: [...tensors, ...own], data });
    expect(scaled.names).toEqual(["a.weight"]);
    const expected = plain.readFloat32("a.weight").map((value) => value / 4);
    expect(scaled.readFloat32("a.weight")).toEqual(expected);
    expect(new Float32Array(scaled.readRows("a.weight", 1, 2).buffer)).toEqual(expected.subarray(64, 192));
    expect(scaled.packed!("a.weight")!.rows!(1, 2)!.parameters).toEqual({ type: "Q8_0", scale: 0.25 });
    for (const weights of [plain, scaled]) weights.close();
  });

  it("is refused when something else stands beside packed weights", async () => {
    const q8 = blockTypeNamed("Q8_0")!;
    const data = Buffer.concat([quantize(q8, new Float32Array(64)), Buffer.alloc(28), floatBytes([1, 2])]);
    const tensors = [
      { name: "a.weight", dims: [64], id: q8.id, offset: 0 },
      { name: "a.scale", dims: [2], id: 0, offset: 96 },
    ];
    const path = file(ggufBytes({ tensors: [{ ...tensors[0]!, dims: [32, 2] }, tensors[1]!], data }));
    const config = { model: path, plugins: [{ use: Gguf }], generate: {} };
    await expect(validateConfig(config)).rejects.toThrow(
      `${path}: "a.weight" is gguf:Q8_0, quantized, and "a.scale" beside it`,
    );
  });

  it("has the shape that a converter flattened, and is not packed where blocks cross its rows", () => {
    const q4 = blockTypeNamed("Q4_0")!;
    const values = Float32Array.from({ length: 512 }, (_, i) => Math.cos(i));
    const tensors = ["even", "odd"].map((name, i) => ({ name, dims: [256, 2], id: q4.id, offset: 288 * i }));
    const data = Buffer.concat([quantize(q4, values), quantize(q4, values)]);
    const weights = opened({
      values: [
        ["comfy.gguf.orig_shape.even", 9, ints(8, 64)],
        ["comfy.gguf.orig_shape.odd", 9, ints(32, 16)],
      ],
      tensors,
      data,
    });
    expect(weights.entry("even").shape).toEqual([8, 64]);
    expect(weights.packed!("even")?.tensors.blocks?.shape).toEqual([8, 36]);
    expect(weights.packed!("odd")).toBeUndefined();
    const whole = weights.readFloat32("odd");
    expect([...new Float32Array(weights.readRows("odd", 3, 2).buffer)]).toEqual([...whole.subarray(48, 80)]);
    weights.close();
  });

  it("puts parts together that stable-diffusion.cpp keeps apart", () => {
    const q8 = blockTypeNamed("Q8_0")!;
    const part = (seed: number): Uint8Array =>
      quantize(
        q8,
        Float32Array.from({ length: 64 }, (_, i) => Math.sin(i + seed)),
      );
    const weights = opened({
      tensors: [
        { name: "qkv.weight", dims: [32, 2], id: 8, offset: 0 },
        { name: "qkv.weight.1", dims: [32, 2], id: 8, offset: 96 },
        { name: "qkv.weight.2", dims: [32, 1], id: 0, offset: 192 },
        { name: "a.weight", dims: [32, 2], id: 8, offset: 320 },
        { name: "a.weight.1", dims: [32, 2], id: 8, offset: 416 },
      ],
      data: Buffer.concat([
        part(0),
        Buffer.alloc(28),
        part(1),
        Buffer.alloc(28),
        floatBytes(Array(32).fill(7)),
        part(2),
        Buffer.alloc(28),
        part(3),
      ]),
    });
    expect(weights.names).toEqual(["qkv.weight", "a.weight"]);
    expect(weights.expect("qkv.weight", [5, 32]).dtype).toBe("float32");
    expect([...toFloat32(weights.readRows("qkv.weight", 4, 1), "float32")]).toEqual(Array(32).fill(7));
    expect(weights.packed!("qkv.weight")).toBeUndefined();
    const joined = weights.packed!("a.weight")!;
    expect([...joined.rows!(2, 2)!.tensors.blocks!.read().data]).toEqual([...part(3)]);
    expect(joined.rows!(1, 2)).toBeUndefined();
    weights.close();
  });
});

describe("a file that is wrong", () => {
  const q4 = { name: "w", dims: [48, 2], id: 2, offset: 0 };
  it.each([
    ["a wrong magic", ggufBytes({ magic: "GGML" }), /^SKIPSTEP_GGUF_MAGIC: FILE .* begins with "GGML"/],
    ["nothing in it", new Uint8Array(), /^SKIPSTEP_GGUF_MAGIC: FILE/],
    ["version 1", ggufBytes({ version: 1 }), /^SKIPSTEP_GGUF_VERSION: FILE is of version 1\./],
    ["the other byte order", ggufBytes({ version: 0x03000000 }), /^SKIPSTEP_GGUF_VERSION: FILE is big-endian\./],
    [
      "a header that is cut off",
      ggufBytes({ tensors: [x] }).subarray(0, 40),
      /^SKIPSTEP_GGUF_TRUNCATED: FILE .*its header ends at byte/,
    ],
    [
      "a tensor past its end",
      ggufBytes({ tensors: [x], data: six.subarray(0, 20) }),
      /^SKIPSTEP_GGUF_TRUNCATED: FILE .*tensor "x" ends at byte 120, the file at byte 116/,
    ],
    [
      "an unknown block type",
      ggufBytes({ tensors: [{ ...x, id: 77 }] }),
      /^SKIPSTEP_GGUF_BLOCK_TYPE: .*"x" is of block type number 77,.* Q4_K/,
    ],
    [
      "a shape that its blocks do not divide",
      ggufBytes({ tensors: [q4] }),
      /^SKIPSTEP_GGUF_SHAPE: .*"w" is Q4_0 \[2, 48\], but blocks of Q4_0 hold 32 elements, which do not divide 48/,
    ],
    [
      "two tensors of one name",
      ggufBytes({ tensors: [x, x], data: six }),
      /^SKIPSTEP_GGUF_BROKEN: FILE has two tensors "x"/,
    ],
    [
      "two values of one name",
      ggufBytes({
        values: [
          ["a", 4, u32(1)],
          ["a", 4, u32(2)],
        ],
      }),
      /^SKIPSTEP_GGUF_BROKEN: FILE has two values "a"/,
    ],
    ["a value of an unknown type", ggufBytes({ values: [["a", 13, u32(1)]] }), /type number 13/],
    [
      "an alignment that is no power of two",
      ggufBytes({ values: [["general.alignment", 4, u32(48)]] }),
      /alignment of 48/,
    ],
    [
      "a tensor at an odd place",
      ggufBytes({ tensors: [{ ...x, offset: 4 }], data: Buffer.alloc(64) }),
      /at byte 4, no multiple of 32/,
    ],
    [
      "lists nested 20,000 deep",
      ggufBytes({ values: [["a", 9, Buffer.concat(Array(20_000).fill(Buffer.concat([u32(9), u64(1)])))]] }),
      /^SKIPSTEP_GGUF_BROKEN: FILE has lists nested more than 8 deep/,
    ],
    [
      "more tensors than there is room for",
      Buffer.concat([Buffer.from("GGUF"), u32(3), u64(5), u64(0), Buffer.alloc(100)]),
      /^SKIPSTEP_GGUF_TRUNCATED/,
    ],
    [
      "more tensors than any model has",
      Buffer.concat([Buffer.from("GGUF"), u32(3), u64(100_001), u64(0), Buffer.alloc(2_500_000)]),
      /^SKIPSTEP_GGUF_BROKEN: FILE gives 100001 as the number of tensors, and 100000 is the most/,
    ],
    [
      "counts beyond all bounds",
      Buffer.concat([Buffer.from("GGUF"), u32(3), u64(2 ** 52), u64(0)]),
      /^SKIPSTEP_GGUF_TRUNCATED/,
    ],
    [
      "an original shape of another size",
      ggufBytes({ values: [["comfy.gguf.orig_shape.x", 9, ints(7)]], tensors: [x], data: six }),
      /^SKIPSTEP_GGUF_BROKEN: FILE stores tensor "x" as \[3,2\]/,
    ],
  ])("with %s says so", (_, content, message) => {
    expect(refusal(content)).toMatch(message);
  });
});
