import { type Call, draw, mostImages, type Unsupported } from "./draw";
import type { OpenModel } from "./open-model";

/**
 * What image models of all versions of the SDK have alike.
 * @param unsupported how a version is told what cannot be honoured
 */
export function imageModel<Warning>(model: OpenModel, unsupported: (one: Unsupported) => Warning) {
  return {
    provider: "skipstep",
    modelId: model.id,
    maxImagesPerCall: mostImages,
    doGenerate: async (call: Call) => {
      const drawn = await draw(model, call);
      const messages = drawn.messages.map((message) => ({ type: "other", message }) as const);
      return {
        images: drawn.images,
        warnings: [...drawn.unsupported.map(unsupported), ...messages],
        providerMetadata: drawn.metadata,
        response: drawn.response,
      };
    },
  };
}
