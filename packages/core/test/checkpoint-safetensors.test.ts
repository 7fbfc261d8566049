import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SafetensorsFile } from "../src/weights/checkpoint/safetensors";
import { Weights } from "../src/weights/checkpoint/weights";
import { safetensors, temporaryFolder, thrown, vector, withHeader, write } from "./checkpoint-files";

const folder = temporaryFolder();
const file = join(folder, "model.safetensors");

/** What opening these bytes as a file throws, without the file's name. */
function refusal(content: string | Uint8Array): string {
  write(file, content);
  return thrown(() => SafetensorsFile.open(file).close()).replaceAll(file, "FILE");
}

/** A file whose header names these tensors, followed by some bytes. */
function described(tensors: Readonly<Record<string, unknown>>, byteLength: number): Buffer {
  return withHeader(JSON.stringify(tensors), new Uint8Array(byteLength));
}

const float = (from: number, to: number, shape = [(to - from) / 4]) => ({
  dtype: "F32",
  shape,
  data_offsets: [from, to],
});

describe("a sound file", () => {
  it("lists its tensors in the order of their bytes, whatever the header's order", () => {
    write(file, described({ late: float(8, 12), "empty one": float(8, 8), __proto__x: float(0, 8, [2, 1]) }, 12));
    const opened = SafetensorsFile.open(file);
    const start = opened.entries[0]!.offset;
    expect(opened.entries).toEqual([
      { name: "__proto__x", dtype: "float32", shape: [2, 1], file, offset: start, byteLength: 8 },
      { name: "empty one", dtype: "float32", shape: [0], file, offset: start + 8, byteLength: 0 },
      { name: "late", dtype: "float32", shape: [1], file, offset: start + 8, byteLength: 4 },
    ]);
    opened.close();
  });

  it("may have a padded header, no tensors, and a tensor without axes", () => {
    expect(refusal(withHeader("{}     ", new Uint8Array()))).toBe("nothing was thrown");
    expect(refusal(described({ scale: float(0, 4, []) }, 4))).toBe("nothing was thrown");
  });

  it("cannot be read after it is closed, and may be closed twice", () => {
    write(file, safetensors({ a: vector(1) }));
    const opened = SafetensorsFile.open(file);
    opened.close();
    opened.close();
    expect(thrown(() => opened.readInto(opened.entries[0]!, new Uint8Array(4)))).toBe(
      `SKIPSTEP_WEIGHTS_CLOSED: ${file} has been closed. Open the weights again.`,
    );
  });
});

describe("a file that is no safetensors file", () => {
  it.each([
    ["empty", "", "SKIPSTEP_WEIGHTS_INVALID: FILE: it is empty. Download it again as safetensors."],
    [
      "too short",
      "abc",
      "SKIPSTEP_WEIGHTS_INVALID: FILE: it is no safetensors file. Download it again as safetensors.",
    ],
    ["text", "what is this, and why is it here?", "SKIPSTEP_WEIGHTS_INVALID: FILE: it is no safetensors file."],
    [
      "LFS",
      "version https://git-lfs.github.com/spec/v1\noid sha256:0",
      "file: it is a Git LFS pointer, get the file itself",
    ],
    ["GGUF", "GGUF\x03\0\0\0\0\0\0\0\0\0\0\0", "it is no safetensors file: it is a GGUF file."],
    ["zip", "PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0\0\0", "it is no safetensors file: it is a PyTorch pickle."],
    ["page", "<!DOCTYPE html><html>", "it is no safetensors file: it is a web page."],
    [
      "header not JSON",
      withHeader("{nothing}", new Uint8Array()),
      "SKIPSTEP_WEIGHTS_INVALID: FILE: its header is not JSON (",
    ],
    ["brace not first", withHeader("a{}", new Uint8Array()), "it is no safetensors file."],
    ["blanks alone", withHeader("            ", new Uint8Array()), "its header is not JSON ("],
    ["long header", Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 0x7b]), "it is no safetensors file."],
  ])("%s", (_, content, message) => {
    expect(refusal(content)).toContain(message);
    expect(refusal(content)).not.toContain("\n");
  });

  it("missing, or a folder", () => {
    const missing = join(folder, "missing.safetensors");
    expect(thrown(() => SafetensorsFile.open(missing))).toMatch(
      /^SKIPSTEP_WEIGHTS_UNREADABLE: .*missing.safetensors cannot be read: ENOENT/,
    );
    mkdirSync(join(folder, "folder.safetensors"));
    expect(thrown(() => SafetensorsFile.open(join(folder, "folder.safetensors")))).toMatch(
      /^SKIPSTEP_WEIGHTS_UNREADABLE: .*folder.safetensors cannot be read: it is a folder, and no regular file/,
    );
  });
});

describe("a file that is cut off", () => {
  const whole = safetensors({ a: vector(1, 2), b: vector(3, 4) });

  it("in its header", () => {
    expect(refusal(whole.subarray(0, 40))).toBe(
      `SKIPSTEP_WEIGHTS_TRUNCATED: FILE is cut off: its header ends at byte ${whole.length - 16}, the file at byte 40. Download it again.`,
    );
  });

  it("in a tensor, which it names", () => {
    expect(refusal(whole.subarray(0, -1))).toBe(
      `SKIPSTEP_WEIGHTS_TRUNCATED: FILE is cut off: tensor "b" ends at byte ${whole.length}, the file at byte ${whole.length - 1}. Download it again.`,
    );
    expect(refusal(whole.subarray(0, -9))).toContain('tensor "a" ends at');
  });

  it("after it was opened", () => {
    write(file, whole);
    const opened = SafetensorsFile.open(file);
    writeFileSync(file, whole.subarray(0, -3));
    expect(thrown(() => opened.readInto(opened.entries[1]!, new Uint8Array(8)))).toContain(
      `SKIPSTEP_WEIGHTS_TRUNCATED: ${file} is cut off: tensor "b" ends at byte ${whole.length}`,
    );
    opened.close();
  });
});

describe("a header that contradicts itself", () => {
  it("with overlapping tensors", () => {
    expect(refusal(described({ a: float(0, 8), b: float(4, 12) }, 12))).toBe(
      'SKIPSTEP_TENSOR_BROKEN: FILE: tensor "b" overlaps tensor "a" by 4 bytes. Download it again.',
    );
    expect(refusal(described({ a: float(0, 16), inside: float(4, 8) }, 16))).toContain(
      'tensor "inside" overlaps tensor "a" by 4 bytes',
    );
  });

  it("with a gap, or bytes at the end", () => {
    expect(refusal(described({ a: float(0, 4), b: float(12, 16) }, 16))).toContain(
      'SKIPSTEP_TENSOR_BROKEN: FILE: tensor "b" begins 8 bytes after the end of tensor "a"',
    );
    expect(refusal(described({ a: float(0, 4) }, 7))).toContain(
      'SKIPSTEP_WEIGHTS_INVALID: FILE: 3 bytes follow the end of tensor "a"',
    );
  });

  it("with a tensor of an unknown type that ends before it begins", () => {
    expect(refusal(described({ a: { dtype: "C64", shape: [1], data_offsets: [8, 0] } }, 8))).toContain(
      'SKIPSTEP_TENSOR_BROKEN: FILE: tensor "a" is C64 [1], 0 bytes, but its data_offsets are [8, 0], -8 bytes',
    );
  });

  it("with a shape that does not fit its bytes", () => {
    expect(refusal(described({ a: float(0, 8, [3]) }, 8))).toContain(
      'tensor "a" is F32 [3], 12 bytes, but its data_offsets are [0, 8], 8 bytes',
    );
    expect(refusal(described({ a: float(8, 0, [2]) }, 8))).toContain("its data_offsets are [8, 0], -8 bytes");
    expect(refusal(described({ a: float(0, 8, [2 ** 52, 2 ** 52]) }, 8))).toContain("SKIPSTEP_TENSOR_BROKEN");
  });

  it.each([
    ["no object", 5],
    ["no dtype", { shape: [1], data_offsets: [0, 4] }],
    ["negative sizes", { dtype: "F32", shape: [-1, -1], data_offsets: [0, 4] }],
    ["half sizes", { dtype: "F32", shape: [0.5, 2], data_offsets: [0, 4] }],
    ["one offset", { dtype: "F32", shape: [1], data_offsets: [0] }],
    ["offsets as text", { dtype: "F32", shape: [1], data_offsets: ["0", "4"] }],
  ])("with %s", (_, entry) => {
    expect(refusal(described({ a: entry }, 4))).toBe(
      'SKIPSTEP_TENSOR_BROKEN: FILE: tensor "a" needs a dtype, a shape and two data_offsets in the header. Download it again.',
    );
  });
});

describe("what does not stop a file", () => {
  it.each(["  ", "\n\t", " ".repeat(40)])("blanks before the header's brace: %j", (blanks) => {
    const header = `${blanks}${JSON.stringify({ a: float(0, 4) })}`;
    const weights = Weights.openFile(write(file, withHeader(header, Uint8Array.of(0, 0, 128, 63))));
    expect([...weights.readFloat32("a")]).toEqual([1]);
    weights.close();
  });

  it("a tensor of a type that is not read, until it is asked for", () => {
    const others = ["C64", "F4", "F6_E2M3", "F8_E4M3FNUZ"];
    const content = described(
      {
        a: float(0, 4),
        ...Object.fromEntries(others.map((dtype, i) => [dtype, { dtype, shape: [2], data_offsets: [4 + i, 5 + i] }])),
      },
      8,
    );
    const weights = Weights.openFile(write(file, content));
    expect(weights.names).toEqual(["a"]);
    expect([...weights.unread]).toEqual(others.map((name) => [name, name]));
    expect(thrown(() => weights.expect("F4", [2]))).toBe(
      `SKIPSTEP_TENSOR_DTYPE: ${file}: tensor "F4" is of type "F4". Skipstep reads: F64, F32, F16, BF16, F8_E4M3, F8_E5M2, F8_E8M0, I64, I32, I16, I8, U64, U32, U16, U8, BOOL. Use a checkpoint in one of these.`,
    );
    weights.close();
  });

  it("powers of two in 8 bits, which are numbers", () => {
    const content = described({ a: { dtype: "F8_E8M0", shape: [4], data_offsets: [0, 4] } }, 4);
    content.set([0, 127, 130, 255], content.length - 4);
    const weights = Weights.openFile(write(file, content));
    expect([...weights.readFloat32("a")]).toEqual([2 ** -127, 1, 8, Number.NaN]);
    weights.close();
  });
});
