import { smallAddress } from "../page/picture";
import { meanQuality, type Quality, qualityOf } from "../quality/quality";
import { type Drawing, denoiserSeconds, wholeSeconds } from "../render/drawing";
import { median } from "../render/median";
import { medianSpeedup, type Speedup, speedupOf } from "../render/speedup";
import type { Position } from "./setting";

/** A setting that was measured against the config without plugins. */
export interface Trial {
  readonly position: Position;
  /** Mean over images. */
  readonly quality: Quality;
  /** Median over images, as are the seconds. */
  readonly speedup: Speedup;
  /** By image. */
  readonly qualities: readonly Quality[];
  readonly speedups: readonly Speedup[];
  readonly seconds: { readonly denoiser: number; readonly whole: number };
  /** What the denoiser took without plugins, by image. */
  readonly plainSeconds: readonly number[];
  /** Share of the denoiser's FLOPs that was skipped, mean over images: unlike times, always the same. */
  readonly skipped: number;
  /** What it drew of each motif, as addresses of `img`s. */
  readonly pictures: readonly string[];
}

/** @param rounds drawings without and with plugins, by motif */
export async function trialOf(position: Position, rounds: readonly (readonly Drawing[])[]): Promise<Trial> {
  const pairs = rounds as readonly (readonly [Drawing, Drawing])[];
  const drawings = pairs.map(([, drawing]) => drawing);
  const qualities = pairs.map(([plain, { image }]) => qualityOf(image, plain.image));
  const speedups = pairs.map(([plain, drawing]) => speedupOf(drawing, plain));
  return {
    position,
    quality: meanQuality(qualities, drawings[0]!.image),
    speedup: medianSpeedup(speedups),
    qualities,
    speedups,
    seconds: { denoiser: median(drawings.map(denoiserSeconds)), whole: median(drawings.map(wholeSeconds)) },
    plainSeconds: pairs.map(([plain]) => denoiserSeconds(plain)),
    skipped: drawings.reduce((sum, drawing) => sum + skippedShare(drawing), 0) / drawings.length,
    pictures: await Promise.all(drawings.map(({ image }) => smallAddress(image))),
  };
}

/** Of all plugins together. Each one's own share is of what was computed and what that one skipped. */
function skippedShare({ report }: Drawing): number {
  const computes = report.plugins.flatMap(({ compute }) => (compute && compute.skippedFlops > 0 ? [compute] : []));
  const [first] = computes;
  if (!first) return 0;
  const computed = first.skippedFlops / first.skippedShare - first.skippedFlops;
  const skipped = computes.reduce((sum, { skippedFlops }) => sum + skippedFlops, 0);
  return skipped / (computed + skipped);
}
