import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { weightShapes } from "@skipstep/contract/graph";
import { type ConfigInput, inspectConfig, validateConfig } from "@skipstep/core";
import { unet2DCondition } from "@skipstep/core/model";
import { afterAll, expect, it } from "vitest";
import { Gguf } from "../src";
import { ggufBytes, text } from "./gguf-bytes";

const folder = mkdtempSync(join(tmpdir(), "skipstep-gguf-metadata-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const sdxl = join(import.meta.dirname, "../../../test/golden/pipelines/sdxl");

/** A file of float32 zeros that says of itself what `values` has. */
function write(name: string, shapes: ReadonlyMap<string, readonly number[]>, values: Record<string, string>): string {
  let offset = 0;
  const tensors = [...shapes].map(([tensor, shape]) => {
    const place = { name: tensor, dims: [...shape].reverse(), id: 0, offset };
    offset += Math.ceil((4 * shape.reduce((size, dim) => size * dim, 1)) / 32) * 32;
    return place;
  });
  const path = join(folder, name);
  const said = Object.entries(values).map(([key, value]) => [key, 8, text(value)] as const);
  writeFileSync(path, ggufBytes({ tensors, values: said, data: new Uint8Array(offset) }));
  return path;
}

const parts = ["vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"];
const components = Object.fromEntries(parts.map((name) => [name, join(sdxl, name)]));
const configFor = (model: string): ConfigInput => ({ model, components, plugins: [{ use: Gguf }], generate: {} });

it("what a GGUF file says of itself decides what its model predicts", async () => {
  const config = {
    block_out_channels: [64, 64],
    attention_head_dim: [1, 1],
    layers_per_block: 1,
    down_block_types: ["DownBlock2D", "CrossAttnDownBlock2D"],
    up_block_types: ["CrossAttnUpBlock2D", "UpBlock2D"],
    cross_attention_dim: 48,
    use_linear_projection: true,
    addition_embed_type: "text_time",
    addition_time_embed_dim: 256,
    projection_class_embeddings_input_dim: 32 + 6 * 256,
  };
  const values = { "general.architecture": "sdxl", "modelspec.prediction_type": "v" };
  const model = write("v.gguf", weightShapes(unet2DCondition, config), values);
  const { scheduler, notes } = inspectConfig(await validateConfig(configFor(model)));
  expect(scheduler.options.prediction_type).toBe("v_prediction");
  expect(notes).toEqual([
    { kind: "conclusion", text: `${model}: prediction type v_prediction, from modelspec.prediction_type.` },
  ]);
});

it("a GGUF file of a model that is not known is named as it names itself", async () => {
  const model = write("video.gguf", new Map([["blocks.0.weight", [4]]]), { "general.architecture": "hyvid" });
  await expect(validateConfig(configFor(model))).rejects.toThrow(/is "hyvid" by what it says of itself/);
});
