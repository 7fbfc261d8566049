import { autoencoderClasses } from "../autoencoders/autoencoder";
import { clipTextWithProjection } from "../encoders/clip-text";
import { t5Encoder } from "../encoders/t5";
import { sd3 } from "./model";

/** What Stable Diffusion 3 is put together from. */
export const sd3Components = {
  text_encoder: clipTextWithProjection,
  text_encoder_2: clipTextWithProjection,
  text_encoder_3: t5Encoder,
  transformer: sd3,
  vae: autoencoderClasses,
};
