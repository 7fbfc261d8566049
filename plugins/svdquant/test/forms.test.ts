import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newGraph, runGraph } from "@skipstep/contract/graph";
import { floats, linear, openWeights, size } from "@skipstep/core/model";
import type { OpenWeights } from "@skipstep/core/plugin";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Form } from "../src/forms/low-rank-form";
import { SvdQuant } from "../src/index";
import { nunchakuFormat } from "../src/nunchaku/format";
import { packLayer, packVector } from "../src/nunchaku/layer";
import { awqPlace } from "../src/nunchaku/order";
import { writeTensors } from "./write-tensors";

const [rows, columns] = [128, 128];
const folder = mkdtempSync(join(tmpdir(), "skipstep-svdquant-forms-"));
const wave = (count: number, step: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1 + step * i));
let weights: OpenWeights;

afterAll(() => {
  weights.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeAll(async () => {
  const packed = packLayer({
    rows,
    columns,
    rank: 16,
    codes: Int8Array.from({ length: rows * columns }, (_, i) => ((i * 5) % 16) - 8),
    scales: wave(rows * 2, 0.7).map((x) => 0.1 + Math.abs(x) / 10),
    smooth: wave(columns, 0.3).map((x) => 0.5 + Math.abs(x)),
    down: wave(16 * columns, 0.9),
    up: wave(rows * 16, 1.1),
  });
  const codes = new Uint16Array((rows * columns) / 4);
  for (let n = 0; n < rows; n++)
    for (let k = 0; k < columns; k++) {
      const { word, shift } = awqPlace(n, k, columns);
      codes[word]! |= ((n + 3 * k) % 16) << shift;
    }
  const f32 = (shape: number[], bytes: Float32Array) => ({ dtype: "F32", shape, bytes });
  const path = join(folder, "layers.safetensors");
  await writeTensors(path, {
    "a.qweight": { dtype: "I8", shape: [rows, columns / 2], bytes: packed.qweight },
    "a.wscales": f32([2, rows], packed.wscales),
    "a.smooth_factor": f32([columns], packed.smooth),
    "a.proj_down": f32([columns, 16], packed.down),
    "a.proj_up": f32([rows, 16], packed.up),
    "a.bias": f32([rows], packVector(wave(rows, 0.2), 0)),
    "b.qweight": { dtype: "I32", shape: [rows / 4, columns / 2], bytes: codes },
    "b.wscales": f32([2, rows], new Float32Array(2 * rows).fill(0.25)),
    "b.wzeros": f32([2, rows], new Float32Array(2 * rows).fill(-1.75)),
    "b.bias": f32([rows], wave(rows, 0.4)),
  });
  const tensors = openWeights(path);
  weights = nunchakuFormat.open({ path, tensors, quantization: {}, metadata: () => ({}) });
});

/** The layer's outputs for a few inputs, with a plugin or by the numbers. */
async function outputs(name: string, form?: Form): Promise<Float32Array> {
  const plugin = form && new SvdQuant({ form, rank: 0, skip: [] });
  const forms: string[] = [];
  const g = newGraph({
    component: "test",
    weights,
    hooks: {
      weightLoad: (weight, graph) => {
        const answer = plugin?.weightLoad(weight, graph);
        if (answer) forms.push(answer.form);
        return answer;
      },
    },
  });
  const x = floats([5, columns], wave(5 * columns, 0.37));
  g.output("y", linear(g, name, g.input("x", [size("T"), columns]), rows));
  const { y } = await runGraph(g, { x });
  expect(forms).toHaveLength(form ? 1 : 0);
  return y!.data as Float32Array;
}

function difference(found: Float32Array, expected: Float32Array): number {
  const most = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return found.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[i]!)), 0) / most;
}

it.each([
  ["a", "w4a16", 0.01],
  ["a", "w8a8", 0.02],
  ["b", "w4a16", 0.01],
] as const)("layer %s in %s gives what its numbers give, but for rounded inputs", async (name, form, most) => {
  const found = difference(await outputs(name, form), await outputs(name));
  expect(found).toBeGreaterThan(0);
  expect(found).toBeLessThan(most);
});
