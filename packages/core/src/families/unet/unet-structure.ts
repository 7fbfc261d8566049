import type { Feature, Structure, UNetLayer, UNetLevel } from "../../architecture/structure";

/** One level of a U-Net, as far as plugins are concerned. */
export interface LevelOutline {
  /** Residual blocks of the down block; the up block has one more. */
  readonly layers: number;
  readonly downAttention: boolean;
  readonly upAttention: boolean;
}

/** What plugins may know of a U-Net. @param levels from the full resolution down @param more features besides */
export function unetStructure(
  className: string,
  levels: readonly LevelOutline[],
  hasMiddle: boolean,
  more: readonly Feature[] = [],
): Structure {
  return {
    className,
    features: ["unet", ...more],
    lists: [],
    blocks: [],
    unet: {
      levels: levels.map((level, i) => unetLevel(level, i, levels.length)),
      middle: hasMiddle ? "mid_block" : null,
    },
  };
}

function unetLevel({ layers, downAttention, upAttention }: LevelOutline, i: number, count: number): UNetLevel {
  const downBlock = `down_blocks.${i}`;
  const upBlock = `up_blocks.${count - 1 - i}`;
  const down = layersOf(downBlock, layers, downAttention);
  const up = layersOf(upBlock, layers + 1, upAttention);
  return {
    down: i < count - 1 ? [...down, [`${downBlock}.downsamplers.0`]] : down,
    up: i > 0 ? [...up.slice(0, -1), [...up.at(-1)!, `${upBlock}.upsamplers.0`]] : up,
  };
}

function layersOf(block: string, count: number, attention: boolean): UNetLayer[] {
  return Array.from({ length: count }, (_, i) =>
    attention ? [`${block}.resnets.${i}`, `${block}.attentions.${i}`] : [`${block}.resnets.${i}`],
  );
}
