import type { Trial } from "./trial";

/** Fewer images than this say nothing sure about times. */
const leastImages = 3;

/** Of settings that skip nothing, speeds this close count as equal. */
const noise = 0.05;

/**
 * Whether a setting is faster than another. Times decide where every image of the one was drawn faster than any of the
 * other; else the work that is skipped does, as times are noisy and it is not.
 */
export function isFaster(a: Trial, b: Trial): boolean {
  if (isSurelyFaster(a, b)) return true;
  if (isSurelyFaster(b, a)) return false;
  const gain = a.skipped - b.skipped;
  if (Math.abs(gain) > 1e-9) return gain > 0;
  return a.skipped === 0 && a.speedup.denoiser > b.speedup.denoiser * (1 + noise);
}

function isSurelyFaster(a: Trial, b: Trial): boolean {
  const [own, others] = [a, b].map(({ speedups }) => speedups.map(({ denoiser }) => denoiser)) as [number[], number[]];
  return own.length >= leastImages && Math.min(...own) > Math.max(...others);
}

/** The fastest; among those that are as fast, the one closest to the plain images. */
export function fastestOf(trials: readonly Trial[]): Trial | undefined {
  const beats = (a: Trial, b: Trial): boolean => isFaster(a, b) || (!isFaster(b, a) && isCloser(a, b));
  return trials.reduce<Trial | undefined>((best, trial) => (best && !beats(trial, best) ? best : trial), undefined);
}

/**
 * The front: trials that no other one, and not the config without plugins, beats in speed and PSNR. By one measure, which
 * is what the page shows: the median of how many times faster the denoiser was than its plain images, drawn in turns with
 * them. Work that is skipped is not the measure, as it may cost more time than it saves.
 *
 * @returns slowest first
 */
export function frontOf(trials: readonly Trial[]): Trial[] {
  const beats = (a: Point, b: Point): boolean => {
    const [speed, closeness] = [a.speed - b.speed, a.psnr - b.psnr];
    return speed >= 0 && closeness >= 0 && (speed > 0 || closeness > 0);
  };
  return trials
    .filter((trial) => {
      const own = pointOf(trial);
      return !beats(plain, own) && !isPlain(trial) && !trials.some((other) => beats(pointOf(other), own));
    })
    .sort((a, b) => a.speedup.denoiser - b.speedup.denoiser);
}

interface Point {
  /** Times faster than without plugins. */
  readonly speed: number;
  /** dB */
  readonly psnr: number;
}

function pointOf({ speedup, quality }: Trial): Point {
  return { speed: speedup.denoiser, psnr: quality.psnr };
}

/** The config without plugins, by itself. */
const plain: Point = { speed: 1, psnr: Number.POSITIVE_INFINITY };

/** Whether a setting changes nothing: what its times differ by is chance, unless every one of several says the same. */
function isPlain({ skipped, quality, speedups }: Trial): boolean {
  if (skipped > 0 || quality.psnr < Number.POSITIVE_INFINITY) return false;
  return speedups.length < leastImages || speedups.some(({ denoiser }) => denoiser <= 1 + noise);
}

function isCloser(a: Trial, b: Trial): boolean {
  return a.quality.psnr > b.quality.psnr;
}
