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

/** Trials that no other beats in both speed and PSNR, slowest first. */
export function frontOf(trials: readonly Trial[]): Trial[] {
  const beats = (a: Trial, b: Trial): boolean => (isFaster(a, b) ? !isCloser(b, a) : !isFaster(b, a) && isCloser(a, b));
  return trials
    .filter((trial) => !trials.some((other) => beats(other, trial)))
    .sort((a, b) => a.speedup.denoiser - b.speedup.denoiser);
}

function isCloser(a: Trial, b: Trial): boolean {
  return a.quality.psnr > b.quality.psnr;
}
