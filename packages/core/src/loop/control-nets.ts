import type { ArchitectureEntry } from "../architecture/architecture";
import type { JsonObject } from "../schema/json";
import type { KnownModel } from "../weights/single-file/known-pipeline";
import type { Configs } from "./family";

/** What a family's ControlNets are, https://arxiv.org/abs/2302.05543: models that steer its denoiser by pictures. */
export interface ControlNetKind {
  /** Classes of pipelines that come with nets of their own: `StableDiffusionControlNetPipeline`. */
  readonly pipelines: readonly string[];
  /** What each net may be: architectures by class. */
  readonly classes: Readonly<Record<string, ArchitectureEntry>>;
  /** What a file of a net without a config is. */
  readonly file: KnownModel;
  /**
   * config.json of a small net for a denoiser, for tests.
   * @param denoiser its own config.json
   */
  smallest(denoiser: Readonly<JsonObject>, configs: Configs): JsonObject;
  /** Whether an image is as large as the picture that the first net follows, where nothing is said of its size. */
  readonly sizesImages?: boolean;
  /** Tensors that nets have in common with the denoiser, whose they are: files of nets are without them. */
  readonly shared?: RegExp;
  /**
   * Joins the denoiser and its nets, at least one.
   * @returns their configs, with what the graph of each needs to know of the others
   * @throws SKIPSTEP_CONTROLNET_UNFIT for a net of another model
   */
  join(configs: Configs, nets: readonly ControlNet[]): JoinedConfigs;
}

/** A net of a pipeline. */
export interface ControlNet {
  /** `controlnet_1` */
  readonly name: string;
  readonly config: unknown;
  /** Its folder or file, for errors. */
  readonly path: string;
}

export interface JoinedConfigs {
  readonly denoiser: object;
  /** As many as there are nets. */
  readonly nets: readonly object[];
}

const names = /^controlnet(_([1-9]\d*))?$/;

/** Those of the components that are ControlNets, as MultiControlNetModel numbers them: `controlnet`, `controlnet_1`. */
export function controlNetsIn(components: Iterable<string>): string[] {
  const place = (name: string): number => Number(names.exec(name)![2] ?? 0);
  return [...components].filter(isControlNet).sort((a, b) => place(a) - place(b));
}

export function isControlNet(component: string): boolean {
  return names.test(component);
}
