import { psnrText, timesText } from "../quality/texts";
import { fastestOf } from "./front";
import type { Trial } from "./trial";

/** What is asked for: a quality, at which to be as fast as possible, or a speed, at which to be as good as possible. */
export interface Target {
  /** `a PSNR of 32 dB` */
  readonly text: string;
  readonly line: { readonly axis: "psnr" | "speedup"; readonly value: number } | undefined;
  meets(trial: Trial): boolean;
  /** Whether bolder settings are of no use: too bad, or fast enough already. */
  isBeyond(trial: Trial): boolean;
  /** The best of trials that meet it. */
  best(trials: readonly Trial[]): Trial | undefined;
  /** The one that comes closest, when none meets it. */
  closest(trials: readonly Trial[]): Trial | undefined;
  /** What a trial has of it. */
  reached(trial: Trial): string;
}

export function psnrTarget(least: number): Target {
  return {
    text: `a PSNR of ${least} dB`,
    line: { axis: "psnr", value: least },
    meets: (trial) => trial.quality.psnr >= least && changesSomething(trial),
    isBeyond: ({ quality }) => quality.psnr < least,
    best: fastestOf,
    closest: (trials) => most(trials.filter(changesSomething), ({ quality }) => quality.psnr),
    reached: ({ quality }) => psnrText(quality.psnr),
  };
}

/** @param least times that the denoiser is to be faster */
export function speedupTarget(least: number): Target {
  return {
    text: `a denoiser ${least} times faster`,
    line: { axis: "speedup", value: least },
    meets: ({ speedup }) => speedup.denoiser >= least,
    isBeyond: ({ speedup }) => speedup.denoiser >= least,
    best: closestToPlain,
    closest: (trials) => most(trials, ({ speedup }) => speedup.denoiser),
    reached: ({ speedup }) => timesText(speedup.denoiser),
  };
}

/** @param most seconds for an image, from its prompt to its pixels */
export function latencyTarget(longest: number): Target {
  return {
    text: `an image in ${longest} s`,
    line: undefined,
    meets: ({ seconds }) => seconds.whole <= longest,
    isBeyond: ({ seconds }) => seconds.whole <= longest,
    best: closestToPlain,
    closest: (trials) => most(trials, ({ seconds }) => -seconds.whole),
    reached: ({ seconds }) => `${seconds.whole.toFixed(2)} s`,
  };
}

/** A setting that skips nothing draws the plain image: no answer to how fast a good one can be. */
function changesSomething({ skipped, quality }: Trial): boolean {
  return skipped > 0 || quality.psnr < Number.POSITIVE_INFINITY;
}

/** Among those of the highest PSNR, the fastest. */
function closestToPlain(trials: readonly Trial[]): Trial | undefined {
  const top = Math.max(...trials.map(({ quality }) => quality.psnr));
  return fastestOf(trials.filter(({ quality }) => quality.psnr === top));
}

function most(trials: readonly Trial[], of: (trial: Trial) => number): Trial | undefined {
  return trials.reduce<Trial | undefined>((best, trial) => (best && of(best) >= of(trial) ? best : trial), undefined);
}
