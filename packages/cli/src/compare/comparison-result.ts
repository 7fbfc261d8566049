import { columns } from "../columns";
import { qualityTexts, timesText } from "../quality/texts";
import { type Drawing, denoiserSeconds, wholeSeconds } from "../render/drawing";
import { type Motif, motifText } from "../render/motif";
import { shownPath } from "../shown-path";
import type { Result } from "../terminal";
import type { Comparison, Rival } from "./comparison";

export interface Compared {
  /** The page, as an absolute path. */
  readonly file: string;
  readonly seconds: number;
  readonly warnings: readonly string[];
  readonly comparison: Comparison;
}

/** A table for each config that was compared with the first. */
export function comparisonResult({ file, seconds, warnings, comparison }: Compared): Result {
  const { motifs, reference, rivals } = comparison;
  return {
    lines: [
      shownPath(file),
      `${motifs.length} ${motifs.length === 1 ? "image" : "images"} by each config, ${seconds.toFixed(1)} s`,
      ...rivals.flatMap((rival) => ["", `${rival.name} against ${reference.name}`, ...rivalTable(rival, motifs)]),
    ],
    document: {
      file,
      seconds,
      warnings,
      motifs: motifs.map(({ subject, seed }) => ({ subject, seed })),
      reference: { config: reference.name, drawings: reference.drawings.map(drawingDocument) },
      configs: rivals.map(({ name, mean, median, qualities, speedups, drawings }) => ({
        config: name,
        mean,
        speedup: median,
        drawings: drawings.map((drawing, i) => ({
          ...qualities[i],
          speedup: speedups[i],
          ...drawingDocument(drawing),
        })),
      })),
    },
    warnings,
  };
}

function drawingDocument(drawing: Drawing): object {
  const { report } = drawing;
  return { seconds: { denoiser: denoiserSeconds(drawing), whole: wholeSeconds(drawing) }, report };
}

function rivalTable({ qualities, speedups, mean, median, drawings }: Rival, motifs: readonly Motif[]): string[] {
  const head = ["", "PSNR", "SSIM", "GMSD", "denoiser", "whole", ""];
  const rows = motifs.map((motif, i) => [
    shortened(motifText(motif)),
    ...qualityTexts(qualities[i]!),
    timesText(speedups[i]!.denoiser),
    timesText(speedups[i]!.whole),
    drawings[i]!.report.plugins.map(({ name, summary }) => `${name}: ${summary}`).join(" | "),
  ]);
  const last = [
    "mean; median of times",
    ...qualityTexts(mean),
    timesText(median.denoiser),
    timesText(median.whole),
    "",
  ];
  return columns([head, ...rows, last], [1, 2, 3, 4, 5]);
}

/** Keeps the end, where the seed is. */
function shortened(text: string): string {
  const signs = [...text];
  return signs.length <= 44 ? text : `${signs.slice(0, 24).join("")}...${signs.slice(-17).join("")}`;
}
