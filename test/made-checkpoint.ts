import {
  closeSync,
  cpSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { readSafetensors, safetensors, safetensorsName, wave, weightShapes } from "@skipstep/contract/graph";
import type { Architecture } from "@skipstep/core/model";
import {
  autoencoderKl,
  clipText,
  clipTextWithProjection,
  flux,
  qwen3,
  qwen25Vl,
  qwenImage,
  qwenImageAutoencoder,
  sizeOf,
  t5Encoder,
  unet2DCondition,
  zImage,
} from "@skipstep/core/model";
import type { Stored, StoredTensors } from "../packages/core/test/original-names";

const architectures: Readonly<Record<string, Architecture>> = {
  UNet2DConditionModel: unet2DCondition,
  AutoencoderKL: autoencoderKl,
  CLIPTextModel: clipText,
  CLIPTextModelWithProjection: clipTextWithProjection,
  T5EncoderModel: t5Encoder,
  FluxTransformer2DModel: flux,
  ZImageTransformer2DModel: zImage,
  Qwen3ForCausalLM: qwen3,
  Qwen2_5_VLForConditionalGeneration: qwen25Vl,
  QwenImageTransformer2DModel: qwenImage,
  AutoencoderKLQwenImage: qwenImageAutoencoder,
};

/** A component of a checkpoint that a test makes. */
export interface MadeComponent {
  readonly className: string;
  readonly config: object;
}

/** Names and shapes of a component's tensors. */
function shapesOf({ className, config }: MadeComponent): [string, readonly number[]][] {
  const { num_hidden_layers: layers } = config as { num_hidden_layers?: number };
  // Of a language model the last layer is not run, and is in its files.
  const whole = className === "Qwen3ForCausalLM" ? { ...config, num_hidden_layers: layers! + 1 } : config;
  return [...weightShapes(architectures[className]!, whole)];
}

/** All tensors that a component's config asks for, without values: for files that only look large. */
export function emptyTensors(component: MadeComponent): Map<string, Stored> {
  return new Map(
    shapesOf(component).map(([name, shape]) => [name, { dtype: "float32", shape, bytes: new Uint8Array(0) }]),
  );
}

/** The same with small values, not random in any strict sense. */
export function madeTensors(component: MadeComponent): Map<string, Stored> {
  return new Map(
    shapesOf(component).map(([name, shape], i): [string, Stored] => {
      const { data } = wave(shape, i);
      const isNorm = /norm\w*(\.\d+)?\.weight$/.test(name);
      const scale = 1 / Math.sqrt(sizeOf(shape.slice(1)));
      return [name, { dtype: "float32", shape, bytes: data.map((x) => (isNorm ? 1 + x / 4 : x * scale)) }];
    }),
  );
}

/** Writes a diffusers folder; tokenizers are copied. */
export function writeFolder(
  folder: string,
  className: string,
  options: object,
  components: Readonly<Record<string, MadeComponent & { readonly tensors?: StoredTensors; readonly from?: string }>>,
): string {
  const index: Record<string, unknown> = { _class_name: className, ...options };
  for (const [name, { className: own, config, tensors, from }] of Object.entries(components)) {
    index[name] = [/^(CLIP|T5|Qwen)/.test(own) ? "transformers" : "diffusers", own];
    const inner = join(folder, name);
    mkdirSync(inner, { recursive: true });
    if (from !== undefined) cpSync(from, inner, { recursive: true });
    else if (own.endsWith("Scheduler")) writeJson(join(inner, "scheduler_config.json"), config);
    else writeJson(join(inner, "config.json"), config);
    if (tensors) writeTensors(join(inner, "diffusion_pytorch_model.safetensors"), tensors);
  }
  writeJson(join(folder, "model_index.json"), index);
  return folder;
}

export function writeTensors(path: string, tensors: StoredTensors): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, safetensors(Object.fromEntries(tensors)));
  return path;
}

/** A safetensors file with a whole header and nothing in its tensors, which takes no room on the disk. */
export function writeSparse(path: string, tensors: StoredTensors): string {
  let end = 0;
  const header = Object.fromEntries(
    [...tensors].map(([name, { dtype, shape }]) => {
      const from = end;
      end += 4 * sizeOf(shape);
      return [name, { dtype: safetensorsName(dtype), shape, data_offsets: [from, end] }];
    }),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  mkdirSync(dirname(path), { recursive: true });
  const descriptor = openSync(path, "w");
  writeSync(descriptor, Buffer.concat([length, text]));
  ftruncateSync(descriptor, 8 + text.length + end);
  closeSync(descriptor);
  return path;
}

export function writeJson(path: string, value: unknown): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(value));
  return path;
}

export function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** Puts other values into a JSON file. */
export function changeJson(path: string, more: object): void {
  writeJson(path, { ...readJson(path), ...more });
}

/** All tensors of a file, as they are stored. */
export function readTensors(file: string): Map<string, Stored> {
  return new Map(
    [...readSafetensors(file)].map(([name, { dtype, shape, data }]) => [name, { dtype, shape, bytes: data }]),
  );
}

/** All tensors of a component's folder, as they are stored. */
export function tensorsIn(folder: string): Map<string, Stored> {
  const files = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
  return new Map(files.flatMap((name) => [...readTensors(join(folder, name))]));
}
