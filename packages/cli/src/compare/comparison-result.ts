import { columns } from "../columns";
import { measures, timesText } from "../quality/texts";
import { type Drawing, denoiserSeconds, wholeSeconds } from "../render/drawing";
import { type Motif, motifText } from "../render/motif";
import { shownPath } from "../shown-path";
import type { Result } from "../terminal";
import type { Comparison, Rival } from "./comparison";
import { worstMotifs } from "./overview";

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
    document: { file, seconds, warnings, ...comparisonDocument(comparison) },
    warnings,
  };
}

/** All numbers of a comparison, with the whole report of each image. */
export function comparisonDocument(comparison: Comparison): object {
  const { motifs, reference, rivals } = comparison;
  const worst = worstMotifs(comparison);
  return {
    motifs: motifs.map(({ subject, seed }) => ({ subject, seed })),
    reference: { config: reference.name, drawings: reference.drawings.map(drawingDocument) },
    configs: rivals.map(({ name, mean, median, qualities, speedups, drawings }, i) => ({
      config: name,
      mean,
      speedup: median,
      ...(worst[i] === undefined ? {} : { worst: worst[i] }),
      drawings: drawings.map((drawing, j) => ({
        ...qualities[j],
        speedup: speedups[j],
        ...drawingDocument(drawing),
      })),
    })),
  };
}

function drawingDocument(drawing: Drawing): object {
  const { report } = drawing;
  return { seconds: { denoiser: denoiserSeconds(drawing), whole: wholeSeconds(drawing) }, report };
}

function rivalTable({ qualities, speedups, mean, median, drawings }: Rival, motifs: readonly Motif[]): string[] {
  const shown = measures(qualities);
  const head = ["", ...shown.map(({ name }) => name), "denoiser", "whole", ""];
  const rows = motifs.map((motif, i) => [
    shortened(motifText(motif)),
    ...shown.map(({ text }) => text(qualities[i]!)),
    timesText(speedups[i]!.denoiser),
    timesText(speedups[i]!.whole),
    drawings[i]!.report.plugins.map(({ name, summary }) => `${name}: ${summary}`).join(" | "),
  ]);
  const last = [
    "mean; median of times",
    ...shown.map(({ text }) => text(mean)),
    timesText(median.denoiser),
    timesText(median.whole),
    "",
  ];
  return columns(
    [head, ...rows, last],
    [...Array(shown.length + 2).keys()].map((i) => i + 1),
  );
}

/** Keeps the end, where the seed is. */
function shortened(text: string): string {
  const signs = [...text];
  return signs.length <= 44 ? text : `${signs.slice(0, 24).join("")}...${signs.slice(-17).join("")}`;
}
