import type { Architecture } from "../../architecture/architecture";
import { size, times } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { conv2d } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { CLASS, type ControlNetConfig, parseControlNetConfig } from "./control-net-config";
import { controlNetFile } from "./control-net-names";
import { blocks, embedTime, residualName } from "./unet-2d-condition";
import { wayDown } from "./unet-body";

/** A ControlNet for the U-Net of Stable Diffusion 1, 2 and XL, https://arxiv.org/abs/2302.05543: its way down, copied. */
export const controlNet: Architecture<ControlNetConfig> = {
  className: CLASS,
  file: controlNetFile,
  parse: parseControlNetConfig,
  entries: { forward },
};

/** Residuals that a net gives: one for each down layer and the first convolution, and one for the middle block. */
export function residualCount({ layers_per_block: layers }: ControlNetConfig["unet"]): number {
  return layers.reduce((sum, count) => sum + count, 0) + layers.length + 1;
}

/** Pixels of the picture along one side of a latent pixel. */
export function pictureFactor({ conditioning_embedding_out_channels: channels }: ControlNetConfig): number {
  return 2 ** (channels.length - 1);
}

/**
 * Shapes: as of UNet2DConditionModel, and f pixels of the picture along one side of a latent pixel.
 *
 * Inputs: those of UNet2DConditionModel; `controlnet_cond` `[1, conditioning_channels, f h, f w]`, 0..1; `scales` `[n]`,
 * what each residual is multiplied by, the middle block's last. Outputs: `residual.0`, ... of the shapes that the down
 * layers give, and `residual.middle`.
 */
function forward(g: Graph, config: ControlNetConfig): void {
  const { unet, conditioning_channels } = config;
  const [batch, height, width] = [size("B"), size("h"), size("w")];
  const sample = g.input("sample", [batch, unet.in_channels, height, width]);
  const timestep = g.timeInput("timestep", [batch]);
  const prompt = g.steadyInput("encoder_hidden_states", [batch, size("S"), unet.cross_attention_dim]);
  const factor = pictureFactor(config);
  const picture = g.steadyInput("controlnet_cond", [
    1,
    conditioning_channels,
    times(height, factor),
    times(width, factor),
  ]);
  const count = residualCount(unet);
  const scales = g.input("scales", [count]);
  const time = g.silu(embedTime(g, unet, timestep, batch)); // [B, time width]

  const embedded = embedPicture(g.scope("controlnet_cond_embedding"), picture, config);
  const x = g.add(conv2d(g, "conv_in", sample, unet.block_out_channels[0]!, 3, { padding: 1 }), embedded);
  const { skips, hidden } = wayDown(g, x, blocks(unet, time, prompt));
  const give = (module: string, value: Value, at: number, name: number | "middle"): void => {
    const made = conv2d(g, module, value, value.shape[1] as number, 1);
    g.output(residualName(name), g.mul(pooled(g, made, config), g.slice(scales, 0, at, at + 1)));
  };
  for (const [i, skip] of skips.entries()) give(`controlnet_down_blocks.${i}`, skip, i, i);
  give("controlnet_mid_block", hidden, count - 1, "middle");
}

/** The picture at the size of the latents. @returns `[1, width of the U-Net, h, w]` */
function embedPicture(g: Graph, picture: Value, config: ControlNetConfig): Value {
  const channels = config.conditioning_embedding_out_channels;
  const ordered =
    config.controlnet_conditioning_channel_order === "rgb"
      ? picture
      : g.concat(g.split(picture, [1, 1, 1], 1).reverse(), 1);
  let x = g.silu(conv2d(g, "conv_in", ordered, channels[0]!, 3, { padding: 1 }));
  for (const [i, out] of channels.slice(1).entries()) {
    x = g.silu(conv2d(g, `blocks.${2 * i}`, x, channels[i]!, 3, { padding: 1 }));
    x = g.silu(conv2d(g, `blocks.${2 * i + 1}`, x, out, 3, { padding: 1, stride: 2 }));
  }
  return conv2d(g, "conv_out", x, config.unet.block_out_channels[0]!, 3, { padding: 1 });
}

/** @param x `[B, C, H, W]` @returns the same, or its mean everywhere */
function pooled(g: Graph, x: Value, { global_pool_conditions }: ControlNetConfig): Value {
  if (!global_pool_conditions) return x;
  const [batch, channels] = x.shape;
  return g.expand(g.node("GlobalAveragePool", [x], [batch!, channels!, 1, 1]), x.shape);
}
