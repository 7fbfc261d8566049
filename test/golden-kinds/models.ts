import { checkAutoencoderKl, checkAutoencoderTiny } from "./autoencoders";
import { checkQwen3 } from "./qwen3";
import { checkZImage } from "./z-image";

/** Golden cases of single models, by the class in their `about.json`: each runs one folder and asserts what it computes. */
export const models: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  AutoencoderKL: checkAutoencoderKl,
  AutoencoderTiny: checkAutoencoderTiny,
  Qwen3Model: checkQwen3,
  ZImageTransformer2DModel: checkZImage,
};
