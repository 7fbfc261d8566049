import type { ImageModelV3 } from "@ai-sdk/provider";
import { draw, mostImages } from "./draw";
import type { OpenModel } from "./open-model";

/** For AI SDK 6 and 7. */
export function imageModelV3(model: OpenModel): ImageModelV3 {
  return {
    specificationVersion: "v3",
    provider: "skipstep",
    modelId: model.id,
    maxImagesPerCall: mostImages,
    doGenerate: async (call) => {
      const { images, unsupported, messages, metadata, response } = await draw(model, call);
      return {
        images,
        warnings: [
          ...unsupported.map((one) => ({ type: "unsupported", ...one }) as const),
          ...messages.map((message) => ({ type: "other", message }) as const),
        ],
        providerMetadata: metadata,
        response,
      };
    },
  };
}
