import { join } from "node:path";
import type { Family } from "../src/loop/family";
import type { ComponentModel } from "../src/start/component-model";
import { type OpenWeights, Weights } from "../src/weights/checkpoint/weights";
import { type AppliedLoras, applyLoras } from "../src/weights/lora/apply-loras";
import { type StoredTensor, safetensors, temporaryFolder, withHeader, write } from "./checkpoint-files";

export const root = temporaryFolder();
let files = 0;

export function tensor(shape: readonly number[], ...values: number[]): StoredTensor {
  return { dtype: "float32", shape, bytes: Float32Array.from(values) };
}

export function ones(...shape: number[]): StoredTensor {
  return tensor(shape, ...new Array<number>(shape.reduce((product, dim) => product * dim, 1)).fill(1));
}

/** @returns its path */
export function file(tensors: Readonly<Record<string, StoredTensor>>, name = `${++files}.safetensors`): string {
  return write(join(root, name), safetensors(tensors));
}

/** A file whose header says more of it. */
export function fileWithHeader(
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>>,
): string {
  const plain = safetensors(tensors);
  const length = Number(plain.readBigUInt64LE());
  const header = JSON.parse(plain.subarray(8, 8 + length).toString());
  header.__metadata__ = metadata;
  return write(join(root, `${++files}.safetensors`), withHeader(JSON.stringify(header), plain.subarray(8 + length)));
}

/** A file with PEFT's settings in its header, as diffusers writes them. */
export function fileWithMetadata(tensors: Readonly<Record<string, StoredTensor>>, settings: object): string {
  return fileWithHeader(tensors, { lora_adapter_metadata: JSON.stringify(settings) });
}

export interface Model {
  readonly className: string;
  readonly tensors: Readonly<Record<string, StoredTensor>>;
  readonly config?: unknown;
}

/** @param models by component, the one that draws first */
export function apply(
  models: Readonly<Record<string, Model>>,
  lora: readonly (readonly [string, number])[],
  family: Partial<Family> = {},
): AppliedLoras {
  const sources = Object.entries(models).map(([name, { className, tensors, config = {} }]) => {
    const path = file(tensors);
    const component = { className, weights: () => Weights.openFile(path) };
    return [name, { component, config } as unknown as ComponentModel] as const;
  });
  const denoiser = Object.keys(models)[0]!;
  const uses = lora.map(([path, scale]) => ({ path, scale }));
  return applyLoras({ className: "TestPipeline", ...family, denoiser } as Family, new Map(sources), uses);
}

export function using<Result>(
  { sources }: AppliedLoras,
  component: string,
  use: (weights: OpenWeights) => Result,
): Result {
  const weights = sources.get(component)!.component.weights();
  try {
    return use(weights);
  } finally {
    weights.close();
  }
}

export function values(applied: AppliedLoras, component: string, name: string): number[] {
  return using(applied, component, (weights) => [...weights.readFloat32(name)]);
}

export const unet = (...modules: [string, StoredTensor][]): Model => ({
  className: "UNet2DConditionModel",
  tensors: Object.fromEntries(modules.map(([name, weight]) => [`${name}.weight`, weight])),
});

/** `[[1, 2, 3], [4, 5, 6]]` */
export const matrix: Model = unet(["mid.to_q", tensor([2, 3], 1, 2, 3, 4, 5, 6)]);
