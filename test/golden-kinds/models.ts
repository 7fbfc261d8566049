import { clipText, clipTextWithProjection } from "../../packages/core/src/models/clip-text";
import { checkAutoencoderKl, checkAutoencoderTiny } from "./autoencoders";
import { checkClip } from "./clip";
import { checkQwen3 } from "./qwen3";
import { checkT5 } from "./t5";
import { checkZImage } from "./z-image";

/** Golden cases of single models, by the class in their `about.json`: each runs one folder and asserts what it computes. */
export const models: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  AutoencoderKL: checkAutoencoderKl,
  AutoencoderTiny: checkAutoencoderTiny,
  CLIPTextModel: checkClip(clipText),
  CLIPTextModelWithProjection: checkClip(clipTextWithProjection),
  Qwen3Model: checkQwen3,
  T5EncoderModel: checkT5,
  ZImageTransformer2DModel: checkZImage,
};
