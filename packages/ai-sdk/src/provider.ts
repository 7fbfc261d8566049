import type { ImageModelV3 } from "@ai-sdk/provider";
import { NoSuchModelError } from "@ai-sdk/provider";
import type { ImageModelV2 } from "@ai-sdk/provider-v2";
import type { ConfigInput } from "@skipstep/core";
import { imageModel } from "./image-model";
import { OpenModel, type OpenOptions } from "./open-model";

export type SkipstepOptions = OpenOptions;

/** Image models by their configs. Each is opened by its first call and stays open. */
export interface SkipstepProvider {
  /**
   * A model for AI SDK 6 and 7.
   * @param config path of a JSON file, or the config itself
   */
  (config: string | ConfigInput): ImageModelV3;
  readonly specificationVersion: "v3";
  /** The same as the call, by the name that the AI SDK's providers have. */
  imageModel(config: string | ConfigInput): ImageModelV3;
  /** The same for AI SDK 5, whose calls carry neither files nor masks. */
  imageModelV2(config: string | ConfigInput): ImageModelV2;
  /** @throws NoSuchModelError: there is none */
  languageModel(modelId: string): never;
  /** @throws NoSuchModelError: there is none */
  embeddingModel(modelId: string): never;
  /** Closes all models, and frees their memory. A call that comes later opens its model again. */
  close(): Promise<void>;
}

/** A provider with a cache folder, threads or a folder of its own. */
export function createSkipstep(options: SkipstepOptions = {}): SkipstepProvider {
  const models = new Map<string, OpenModel>();
  const modelOf = (config: string | ConfigInput): OpenModel => {
    const key = typeof config === "string" ? config : JSON.stringify(config);
    const model = models.get(key) ?? new OpenModel(config, options);
    models.set(key, model);
    return model;
  };
  const none = (modelType: "languageModel" | "embeddingModel") => (modelId: string) => {
    throw new NoSuchModelError({ modelId, modelType });
  };
  const imageModelV3 = (config: string | ConfigInput): ImageModelV3 => ({
    specificationVersion: "v3",
    ...imageModel(modelOf(config), (one) => ({ type: "unsupported", ...one }) as const),
  });
  const imageModelV2 = (config: string | ConfigInput): ImageModelV2 => ({
    specificationVersion: "v2",
    ...imageModel(
      modelOf(config),
      ({ feature, details }) => ({ type: "unsupported-setting", setting: feature, details }) as const,
    ),
  });
  return Object.assign(imageModelV3, {
    specificationVersion: "v3" as const,
    imageModel: imageModelV3,
    imageModelV2,
    languageModel: none("languageModel"),
    embeddingModel: none("embeddingModel"),
    close: async () => {
      await Promise.all([...models.values()].map((model) => model.close()));
    },
  });
}

/** Models with the usual cache folder and threads: `generateImage({ model: skipstep("configs/emoji.json"), prompt })`. */
export const skipstep: SkipstepProvider = createSkipstep();
