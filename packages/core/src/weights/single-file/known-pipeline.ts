import type { JsonObject } from "../../schema/json";
import type { Note } from "../checkpoint/note";
import type { OtherFile } from "./known-files";
import type { Shapes } from "./recipe";

/** What a diffusers folder of a pipeline says that a single file of its weights does not. */
export interface KnownPipeline {
  /** For people: `Stable Diffusion XL`. */
  readonly title: string;
  /** As in `model_index.json`. */
  readonly className: string;
  readonly options: Readonly<JsonObject>;
  readonly components: Readonly<Record<string, KnownComponent>>;
  /** Tensors of no model that it was concluded from, by name. */
  readonly marks?: readonly string[];
  /** What was concluded from the file, and what in it contradicts. */
  readonly notes?: readonly Note[];
}

export type KnownComponent = KnownModel | KnownTokenizer | KnownScheduler;

export interface KnownModel {
  readonly kind: "model";
  readonly library: "diffusers" | "transformers";
  readonly className: string;
  /**
   * Its config.json.
   * @param shapes of its tensors, by the names that models ask for
   * @param isZero whether a tensor is of zeros, for what names and shapes do not tell; false where it cannot be read yet
   * @throws SKIPSTEP_FILE_PART for tensors of another model than the pipeline's
   */
  config(shapes: Shapes, isZero?: (tensor: string) => boolean): JsonObject;
  /** Files that people take for one of it, and what they are. */
  readonly others?: readonly OtherFile[];
  /** Tensors that such files have and the model has no use for. */
  withoutEffect?(config: JsonObject): RegExp;
}

/** No file of weights has a tokenizer. */
export interface KnownTokenizer {
  readonly kind: "tokenizer";
  readonly className: string;
  /** Where the hub has it. */
  readonly hub: string;
}

export interface KnownScheduler {
  readonly kind: "scheduler";
  readonly className: string;
  readonly config: Readonly<JsonObject>;
}
