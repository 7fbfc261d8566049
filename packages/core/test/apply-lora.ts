import { join } from "node:path";
import { folderOfRun } from "../../../test/run-folder";
import type { ComponentModel } from "../src/architecture/component-model";
import { ownFamilies } from "../src/families/families";
import type { Family } from "../src/loop/family";
import type { RecognisedModel } from "../src/loop/recognised-model";
import { type AppliedLoras, applyLoras } from "../src/start/apply-loras";
import { type OpenWeights, Weights } from "../src/weights/checkpoint/weights";
import type { ModelFile } from "../src/weights/single-file/model-file";
import { type StoredTensor, safetensors, withHeader, write } from "./checkpoint-files";
import { known } from "./open-known";

export const root = folderOfRun("lora");
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
    return [
      name,
      { component, config, model: { architecture: { file: fileOf(className) } } } as unknown as ComponentModel,
    ] as const;
  });
  const denoiser = Object.keys(models)[0]!;
  const uses = lora.map(([path, scale]) => ({ path, scale }));
  const configs = Object.fromEntries(sources.map(([name, { config }]) => [name, config]));
  const own = ownFamilies.find(({ className }) => className === family.className);
  const of = {
    className: "TestPipeline",
    ...(own?.loraTitle ? { loraTitle: own.loraTitle } : {}),
    ...family,
    denoiser,
  };
  return applyLoras({ family: of, components: new Map(sources), configs } as unknown as RecognisedModel, uses);
}

/** How the tensors of a class lie in files. */
export function fileOf(className: string): ModelFile | undefined {
  return known.of(className);
}

export function using<Result>(
  { model }: AppliedLoras,
  component: string,
  use: (weights: OpenWeights) => Result,
): Result {
  const weights = model.components.get(component)!.component.weights();
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
