import { join } from "node:path";
import { expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { collectInputs } from "../src/index";
import { InputSample } from "../src/input-sample";

const model = join(import.meta.dirname, "../../contract/models/z-image");

it("collects what linears are given, once for those that share an input", async () => {
  const generate = { prompt: "a cat", num_inference_steps: 2, guidance_scale: 0, height: 32, width: 32, seed: 3 };
  const inputs = await collectInputs({
    config: { model, generate },
    images: [{}, { prompt: "a dog" }],
    wanted: ({ name }) => name.startsWith("layers.0."),
    tokens: 128,
    cacheDir,
  });
  const named = (part: string) => inputs.find(({ names }) => names.some((name) => name.includes(part)))!;
  expect(named("to_q").names.map((name) => name.replace("layers.0.attention.", ""))).toEqual([
    "to_q.weight",
    "to_k.weight",
    "to_v.weight",
  ]);
  expect(named("w1").names).toEqual(["layers.0.feed_forward.w1.weight", "layers.0.feed_forward.w3.weight"]);
  for (const { columns, largest, rows } of inputs) {
    expect(largest).toHaveLength(columns);
    expect(rows.length / columns).toBe(128); // 32 a pass, four passes
    expect(rows.every((value, i) => Math.abs(value) <= largest[i % columns]!)).toBe(true);
    expect(rows.some((value) => value !== 0)).toBe(true);
  }
});

it("keeps every second pass, every fourth, where there are too many", () => {
  const sample = new InputSample(1, 4);
  for (let pass = 0; pass < 20; pass++) sample.add(Float32Array.of(pass), Float32Array.of(pass));
  expect([...sample.collected().rows]).toEqual([0, 8, 16]);
  expect([...sample.collected().largest]).toEqual([19]);
});
