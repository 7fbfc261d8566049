import type { ImageModelV2 } from "@ai-sdk/provider-v2";
import { draw, mostImages } from "./draw";
import type { OpenModel } from "./open-model";

/** For AI SDK 5. */
export function imageModelV2(model: OpenModel): ImageModelV2 {
  return {
    specificationVersion: "v2",
    provider: "skipstep",
    modelId: model.id,
    maxImagesPerCall: mostImages,
    doGenerate: async (call) => {
      const { images, unsupported, messages, metadata, response } = await draw(model, call);
      return {
        images,
        warnings: [
          ...unsupported.map(
            ({ feature, details }) => ({ type: "unsupported-setting", setting: feature, details }) as const,
          ),
          ...messages.map((message) => ({ type: "other", message }) as const),
        ],
        providerMetadata: metadata,
        response,
      };
    },
  };
}
