import { flux2Autoencoder } from "./autoencoder";
import { flux2 } from "./model";
import { qwen3Taps } from "./text-encoder";

/** What FLUX.2 klein is put together from. */
export const flux2Components = {
  text_encoder: {
    Qwen3ForCausalLM: { architecture: qwen3Taps, entry: "taps" },
    Qwen3Model: { architecture: qwen3Taps, entry: "taps" },
  },
  transformer: flux2,
  vae: { AutoencoderKLFlux2: { architecture: flux2Autoencoder, entry: "decode" } },
};
