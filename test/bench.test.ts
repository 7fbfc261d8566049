import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryWeights, newGraph, weightShapes } from "@skipstep/contract/graph";
import {
  attention,
  autoencoderTiny,
  conv2d,
  floats,
  graphCost,
  linear,
  openWeights,
  size,
  times,
  zImage,
} from "@skipstep/core/model";
import { afterAll, describe, expect, it } from "vitest";
import { type Figure, isMet } from "../bench/benchmark";
import { findingIn, valueText } from "../bench/device/finding";
import { writeRandomModel } from "../bench/random-checkpoint";
import { section, writeSections } from "../bench/results";

const folder = mkdtempSync(join(tmpdir(), "skipstep-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("the FLOPs of a graph", () => {
  it("counts MatMul, attention and Conv at the sizes of a run, and nothing else", () => {
    const weights = memoryWeights({
      "fc.weight": floats([7, 5]),
      "fc.bias": floats([7]),
      "conv.weight": floats([6, 3, 3, 3]),
      "conv.bias": floats([6]),
    });
    const g = newGraph({ component: "small", weights });
    const [batch, tokens] = [size("B"), size("T")];
    const x = g.input("x", [batch, tokens, 5]);
    const y = linear(g, "fc", x, 7); // 2 B T 5 7
    attention(g, { kind: "self", query: y, key: y, value: y, heads: 1 }); // 4 B T T 7
    conv2d(g, "conv", g.input("image", [batch, 3, times(size("h"), 2), 8]), 6, 3, { stride: 2, padding: 1 });
    const { byOp, total } = graphCost(g, { B: 2, T: 10, h: 4 }).flops;
    expect(byOp).toEqual({
      MatMul: 2 * 2 * 10 * 5 * 7,
      MultiHeadAttention: 4 * 2 * 10 * 10 * 7,
      Conv: 2 * (2 * 6 * 4 * 4) * (3 * 3 * 3),
    });
    expect(total).toBe(1400 + 5600 + 10_368);
  });
});

describe("a random checkpoint", () => {
  const config = { dim: 128, n_layers: 1, n_refiner_layers: 1, n_heads: 1, n_kv_heads: 1, cap_feat_dim: 64 };

  it.each(["float32", "float16"] as const)("has what the graph asks for, %s, near what training leaves", (dtype) => {
    const own = join(folder, dtype);
    const parameters = writeRandomModel(own, { architecture: zImage, config, dtype });
    const weights = openWeights(own);
    const shapes = weightShapes(zImage, config);
    expect(weights.names).toEqual([...shapes.keys()]);
    zImage.entries.forward!(newGraph({ component: "transformer", weights }), zImage.parse(config)); // throws what is missing
    let elements = 0;
    for (const [name, shape] of shapes) {
      expect(weights.entry(name)).toMatchObject({ dtype, shape });
      const values = weights.readFloat32(name);
      elements += values.length;
      expect(values.every(Number.isFinite)).toBe(true);
    }
    expect(elements).toBe(parameters);
    const matrix = weights.readFloat32("layers.0.feed_forward.w1.weight");
    const variance = matrix.reduce((sum, value) => sum + value * value, 0) / matrix.length;
    expect(variance * 128).toBeCloseTo(1, 1);
    const norm = weights.readFloat32("layers.0.attention_norm1.weight");
    expect(Math.max(...norm.map((value) => Math.abs(value - 1)))).toBeLessThan(0.11);
    weights.close();
  });

  it("is made for all of a model's functions", () => {
    const names = [...weightShapes(autoencoderTiny, {}).keys()];
    expect(names).toContain("encoder.layers.0.weight");
    expect(names.some((name) => name.startsWith("decoder."))).toBe(true);
  });
});

describe("results", () => {
  const figure: Figure = { what: "time", value: 1.5, unit: "s", target: { most: 2 } };

  it("are met on the right side of their targets", () => {
    expect(isMet(figure)).toBe(true);
    expect(isMet({ ...figure, target: { most: 1 } })).toBe(false);
    expect(isMet({ ...figure, target: { least: 2 } })).toBe(false);
    expect(isMet({ what: "time", value: 1, unit: "s" })).toBe(true);
  });

  it("replace the section of their benchmark and leave the others", () => {
    const path = join(folder, "results.md");
    const about = (name: string) => ({ name, about: `What ${name} is.`, run: async () => [] });
    const write = (name: string, value: number): void =>
      writeSections(path, new Map([[name, section(about(name), [{ ...figure, value }], new Date(0))]]), ["a", "b"]);
    write("b", 1.5);
    write("a", 2.5);
    write("b", 0.25);
    const text = readFileSync(path, "utf8");
    expect(text.match(/^## .*$/gm)).toEqual(["## a", "## b"]);
    expect(text).toContain("| time | 2.50 s | <= 2.00 s | **not met** |");
    expect(text).toContain("| time | 0.25 s | <= 2.00 s | met |");
    expect(text).not.toContain("1.50 s");
    expect(text).toContain("`pnpm bench a`, 1970-01-01, on ");
  });
});

describe("what a part of the device script tells", () => {
  it("is read from its lines, and nothing from others or from one that was cut off", () => {
    const line =
      '{"part":"dit","what":"DiT","how":"float32","value":203.4,"unit":"ms a step","said":"a byte is 0 off"}';
    expect(valueText(findingIn(line)!)).toBe("203 ms a step, a byte is 0 off");
    for (const other of [line.slice(0, -9), " RUN  v3.2.7", '{"reply":"dit"}'])
      expect(findingIn(other)).toBeUndefined();
  });
});
