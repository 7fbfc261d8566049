import type { Warn } from "../../architecture/architecture";
import { counts } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { isObject } from "../../schema/json";
import { flag, supported } from "../../schema/option";
import { parseUNet2DConditionConfig, type UNet2DConditionConfig } from "./unet-2d-condition-config";

/** What ControlNetModel has beside the way down of a U-Net. */
interface OwnOptions {
  /** Of the picture that it follows. */
  readonly conditioning_channels: number;
  /** Of the layers that bring the picture to the size of the latents: each but the first halves it. */
  readonly conditioning_embedding_out_channels: readonly number[];
  /** Order of the picture's colours. */
  readonly controlnet_conditioning_channel_order: "rgb" | "bgr";
  /** What it gives is the mean over all pixels. */
  readonly global_pool_conditions: boolean;
}

/** `config.json` of ControlNetModel. */
export interface ControlNetConfig extends OwnOptions {
  readonly unet: UNet2DConditionConfig;
}

export const CLASS = "ControlNetModel";

const parseOwn = defineConfig<OwnOptions>(CLASS, {
  conditioning_channels: supported<number>(3),
  conditioning_embedding_out_channels: counts([16, 32, 96, 256]),
  controlnet_conditioning_channel_order: supported("rgb", "bgr"),
  global_pool_conditions: flag(false),
});

const own: readonly string[] = [
  "conditioning_channels",
  "conditioning_embedding_out_channels",
  "controlnet_conditioning_channel_order",
  "global_pool_conditions",
] satisfies readonly (keyof OwnOptions)[];

/** All other options are those of a U-Net, of which it has the way down. */
export function parseControlNetConfig(raw: unknown, warn?: Warn): ControlNetConfig {
  if (!isObject(raw)) return { ...parseOwn(raw, warn), unet: parseUNet2DConditionConfig(raw, warn) };
  const [mine, others] = [true, false].map((isOwn) =>
    Object.fromEntries(Object.entries(raw).filter(([key]) => own.includes(key) === isOwn)),
  ) as [object, { down_block_types?: unknown }];
  const down = others.down_block_types;
  const up = Array.isArray(down)
    ? { up_block_types: down.map((type: unknown) => String(type).replace("Down", "Up")).reverse() }
    : {};
  return Object.freeze({ ...parseOwn(mine, warn), unet: parseUNet2DConditionConfig({ ...others, ...up }, warn) });
}
