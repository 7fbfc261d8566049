import type { Dim } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import type { Value } from "../../graph/value";
import { type ResnetOptions, resnetBlock } from "../blocks/resnet-block";

/** A down block, the middle block or an up block. */
export interface UNetBlock {
  /** Channels that leave it. */
  readonly width: number;
  /** Residual blocks. */
  readonly layers: number;
  /** Emits the attention behind residual block `layer`, in a scope of its own. */
  readonly attend?: ((g: Graph, x: Value, layer: number) => Value) | undefined;
}

export interface DownBlock extends UNetBlock {
  /** Emits the downsampler in its scope; the lowest block has none. */
  readonly downsample?: ((g: Graph, x: Value) => Value) | undefined;
}

export interface UpBlock extends UNetBlock {
  /** Emits the upsampler in its scope; the last block has none. */
  readonly upsample?: ((g: Graph, x: Value, height: Dim, width: Dim) => Value) | undefined;
}

/** The blocks of a U-Net in running order, and what goes into them. */
export interface UNetBlocks {
  readonly down: readonly DownBlock[];
  readonly middle?: UNetBlock | undefined;
  readonly up: readonly UpBlock[];
  /** Residual blocks of down and up blocks. */
  readonly resnet: ResnetOptions;
  /** Residual blocks of the middle block. */
  readonly middleResnet: ResnetOptions;
  /** Adds what ControlNets make to what down layer `skip` gave, or the middle block. */
  readonly steer?: ((g: Graph, x: Value, skip: number | "middle") => Value) | undefined;
}

/** What the way down leaves. */
export interface WayDown {
  /** What each down layer gives, `x` first. */
  readonly skips: readonly Value[];
  /** Of the middle block. */
  readonly hidden: Value;
}

/**
 * Down blocks, middle block and up blocks, https://arxiv.org/abs/1505.04597: what each down layer is given, the up layer
 * that mirrors it is given again. An upsampler goes to the size of the down layers that it meets, so that any height and
 * width will do.
 * @param x `[B, C, H, W]`, what the first convolution made @returns `[B, width of the last up block, H, W]`
 */
export function unetBody(g: Graph, x: Value, blocks: UNetBlocks): Value {
  const { up, resnet, steer = (_, value) => value } = blocks;
  const { skips, hidden: middle } = wayDown(g, x, blocks);
  let hidden = steer(blocks.middle ? g.scope("mid_block") : g, middle, "middle");
  const left = [...skips];
  for (const [i, block] of up.entries())
    hidden = upBlock(g.scope(`up_blocks.${i}`), hidden, left, block, { resnet, steer });
  return hidden;
}

/** Down blocks and middle block alone. @param x `[B, C, H, W]` */
export function wayDown(
  g: Graph,
  x: Value,
  { down, middle, resnet, middleResnet }: Pick<UNetBlocks, "down" | "middle" | "resnet" | "middleResnet">,
): WayDown {
  const skips = [x];
  let hidden = x;
  for (const [i, block] of down.entries()) {
    const made = downBlock(g.scope(`down_blocks.${i}`), hidden, block, resnet);
    hidden = made.at(-1)!;
    skips.push(...made);
  }
  return { skips, hidden: middle ? middleBlock(g.scope("mid_block"), hidden, middle, middleResnet) : hidden };
}

/** @returns what its layers made, the downsampler last */
function downBlock(g: Graph, x: Value, block: DownBlock, resnet: ResnetOptions): Value[] {
  const made: Value[] = [];
  let hidden = x;
  for (let i = 0; i < block.layers; i++) {
    hidden = attended(g, residual(g, i, hidden, block, resnet), block, i);
    made.push(hidden);
  }
  const { downsample } = block;
  if (downsample) {
    hidden = part(g, "downsamplers.0", hidden, downsample);
    made.push(hidden);
  }
  g.tap(hidden, ...made);
  return made;
}

/** A residual block, then an attention and a residual block for each further one. */
function middleBlock(g: Graph, x: Value, block: UNetBlock, resnet: ResnetOptions): Value {
  let hidden = residual(g, 0, x, block, resnet);
  for (let i = 1; i < block.layers; i++) hidden = residual(g, i, attended(g, hidden, block, i - 1), block, resnet);
  g.tap(hidden);
  return hidden;
}

/** Takes one of `skips` for each layer from its end. */
function upBlock(
  g: Graph,
  x: Value,
  skips: Value[],
  block: UpBlock,
  { resnet, steer }: { readonly resnet: ResnetOptions; readonly steer: NonNullable<UNetBlocks["steer"]> },
): Value {
  let hidden = x;
  for (let i = 0; i < block.layers; i++) {
    const skip = skips.pop()!;
    const at = skips.length;
    const joined = (inner: Graph, y: Value): Value => inner.concat([y, steer(inner, skip, at)], 1);
    hidden = attended(g, residual(g, i, hidden, block, resnet, joined), block, i);
  }
  const { upsample } = block;
  const [, , height, width] = (skips.at(-1) ?? hidden).shape as [Dim, Dim, Dim, Dim];
  if (upsample) hidden = part(g, "upsamplers.0", hidden, (inner, y) => upsample(inner, y, height, width));
  g.tap(hidden);
  return hidden;
}

/** Residual block `i`. @param joined with the channels of a skip */
function residual(
  g: Graph,
  i: number,
  x: Value,
  block: UNetBlock,
  resnet: ResnetOptions,
  joined: (g: Graph, x: Value) => Value = (_, y) => y,
): Value {
  return part(g, `resnets.${i}`, x, (inner, y) => resnetBlock(inner, joined(inner, y), block.width, resnet));
}

function attended(g: Graph, x: Value, { attend }: UNetBlock, i: number): Value {
  return attend ? part(g, `attentions.${i}`, x, (inner, y) => attend(inner, y, i)) : x;
}

/** A module that plugins may hook. */
function part(g: Graph, name: string, x: Value, emit: (g: Graph, x: Value) => Value): Value {
  return g.block(name, { hidden: x }, (inner, { hidden }) => ({ hidden: emit(inner, hidden) })).hidden;
}
