import { columns } from "../columns";
import { qualityTexts, timesText } from "../quality/texts";
import { unsteadyWarnings } from "../render/unsteady";
import { shownPath } from "../shown-path";
import type { Result } from "../terminal";
import { frontOf } from "./front";
import type { Knob } from "./knob";
import { settingText } from "./setting";
import type { Target } from "./target";
import type { Trial } from "./trial";

export interface Tuning {
  /** Absolute paths. */
  readonly configFile: string;
  readonly pageFile: string;
  readonly knobs: readonly Knob[];
  readonly target: Target;
  readonly trials: readonly Trial[];
  /** Images that each setting drew. */
  readonly images: number;
  readonly seconds: number;
}

/** What was chosen, with what was measured of it, and the front. */
export function tuningResult(tuning: Tuning, chosen: Trial): Result {
  const { configFile, pageFile, knobs, target, trials, images, seconds } = tuning;
  const front = frontOf(trials);
  const beaten = beatenText(tuning, chosen);
  const warnings = unsteadyWarnings(trials.flatMap(({ plainSeconds }) => plainSeconds));
  const [psnr, ssim, gmsd] = qualityTexts(chosen.quality);
  return {
    lines: [
      shownPath(configFile),
      shownPath(pageFile),
      settingText(knobs, chosen.position),
      `PSNR ${psnr}, SSIM ${ssim}, GMSD ${gmsd}`,
      `denoiser ${timesText(chosen.speedup.denoiser)}, whole ${timesText(chosen.speedup.whole)}, ${chosen.seconds.whole.toFixed(2)} s an image; ${percent(chosen.skipped)} of FLOPs skipped`,
      `asked for ${target.text}; ${trials.length} settings, ${images} ${images === 1 ? "image" : "images"} each, ${seconds.toFixed(1)} s`,
      ...(beaten === undefined ? [] : [beaten]),
      "",
      ...trialTable(front, knobs, chosen),
    ],
    document: {
      files: [configFile, pageFile],
      ...tuningDocument(tuning, chosen),
      seconds,
      warnings,
    },
    warnings,
  };
}

/** All numbers of a tuning. */
export function tuningDocument({ knobs, target, trials, images }: Tuning, chosen: Trial | undefined): object {
  return {
    target: target.text,
    ...(chosen ? { chosen: trialDocument(chosen, knobs) } : {}),
    front: frontOf(trials).map((trial) => trialDocument(trial, knobs)),
    trials: trials.map((trial) => trialDocument(trial, knobs)),
    images,
  };
}

/** Why the chosen setting is not on the front, where it is not: times of some images say this, and of others that. */
export function beatenText({ trials, knobs }: Tuning, chosen: Trial): string | undefined {
  const front = frontOf(trials);
  if (front.includes(chosen)) return undefined;
  return `${settingText(knobs, chosen.position)} is not on the front: by the median of its times another one is as fast and as close. Times of the two overlap from image to image, and the one that skips more FLOPs was taken.`;
}

function trialTable(trials: readonly Trial[], knobs: readonly Knob[], chosen: Trial): string[] {
  const head = ["", "PSNR", "denoiser", "skipped", "the front: no other is both faster and closer"];
  const rows = trials.map((trial) => [
    trial === chosen ? "*" : "",
    qualityTexts(trial.quality)[0]!,
    timesText(trial.speedup.denoiser),
    percent(trial.skipped),
    settingText(knobs, trial.position),
  ]);
  return columns([head, ...rows], [1, 2, 3]);
}

function trialDocument({ position, pictures: _, ...measured }: Trial, knobs: readonly Knob[]): object {
  const settings = knobs.map(({ plugin, option, values }, i) => ({ plugin, option, value: values[position[i]!] }));
  return { settings, ...measured };
}

/** `51 %` */
export function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
