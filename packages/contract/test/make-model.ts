/**
 * Makes `models/z-image`, the small random model that plugins are tested on:
 * `node --import tsx --conditions=@skipstep/source packages/contract/test/make-model.ts`
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type Architecture,
  autoencoderKl,
  createGenerator,
  type Generator,
  qwen3,
  sizeOf,
  zImage,
} from "@skipstep/core/model";
import { weightShapes } from "../src/graph";
import { smallTokenizer } from "./small-tokenizer";

/** The model whose layout, tokenizer and scheduler it takes over. */
const pattern = join(import.meta.dirname, "../../../test/golden/pipelines/z-image");
const vocabulary = 512;

const configs = {
  text_encoder: { vocab_size: vocabulary, hidden_size: 32, num_hidden_layers: 2, dtype: "bfloat16" },
  transformer: { n_layers: 4, n_refiner_layers: 1, cap_feat_dim: 32 },
  vae: { block_out_channels: [8, 8, 8, 8] },
};

/** Standard deviations that make two steps in a row as alike as those of a trained model. */
const deviations: readonly (readonly [ending: string, deviation: number])[] = [
  ["t_embedder.mlp.2.weight", 0.002],
  ["adaLN_modulation.0.bias", 0.5],
  ["all_final_layer.2-1.linear.weight", 0.03],
];

/** Writes the whole diffusers folder. */
export function makeModel(folder: string): void {
  for (const file of ["model_index.json", "scheduler/scheduler_config.json", "tokenizer/tokenizer_config.json"])
    write(join(folder, file), readFileSync(join(pattern, file)));
  write(join(folder, "tokenizer/chat_template.jinja"), readFileSync(join(pattern, "tokenizer/chat_template.jinja")));
  const tokenizer = JSON.parse(readFileSync(join(pattern, "tokenizer/tokenizer.json"), "utf8"));
  write(join(folder, "tokenizer/tokenizer.json"), JSON.stringify(smallTokenizer(tokenizer, vocabulary)));
  writeComponent(folder, "text_encoder", "model", qwen3);
  writeComponent(folder, "transformer", "diffusion_pytorch_model", zImage);
  writeComponent(folder, "vae", "diffusion_pytorch_model", autoencoderKl);
}

function writeComponent(folder: string, name: keyof typeof configs, file: string, architecture: Architecture): void {
  const given: Record<string, unknown> = JSON.parse(readFileSync(join(pattern, name, "config.json"), "utf8"));
  const { layer_types: _, ...config }: Record<string, unknown> = { ...given, ...configs[name] };
  write(join(folder, name, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
  write(join(folder, name, `${file}.safetensors`), safetensors(weightShapes(architecture, config)));
}

/** A file of random weights in bfloat16. */
function safetensors(shapes: ReadonlyMap<string, readonly number[]>): Buffer {
  const generator = createGenerator(7);
  const header: Record<string, unknown> = {};
  const parts: Buffer[] = [];
  let end = 0;
  for (const [name, shape] of shapes) {
    const part = bfloat16(randomWeight(generator, name, shape));
    header[name] = { dtype: "BF16", shape, data_offsets: [end, end + part.length] };
    end += part.length;
    parts.push(part);
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...parts]);
}

/** Matrices keep the size of what they are given; norms are about 1, biases about 0. */
function randomWeight(generator: Generator, name: string, shape: readonly number[]): Float32Array {
  const fanIn = sizeOf(shape.slice(1));
  const known = deviations.find(([ending]) => name.endsWith(ending))?.[1];
  const deviation = known ?? (shape.length > 1 ? 1 / Math.sqrt(fanIn) : 0.05);
  const isGain = shape.length === 1 && name.endsWith(".weight");
  return generator.randn(sizeOf(shape)).map((x) => (isGain ? 1 : 0) + deviation * x);
}

/** Cut off, not rounded: they are random anyway. */
function bfloat16(values: Float32Array): Buffer {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Buffer.from(Uint16Array.from(bits, (x) => x >>> 16).buffer);
}

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

if (import.meta.url === pathToFileURL(process.argv[1]!).href) makeModel(join(import.meta.dirname, "../models/z-image"));
