import { type Cell, csv } from "../page/csv";
import type { Download } from "../page/downloads";
import type { Quality } from "../quality/quality";
import { denoiserSeconds, wholeSeconds } from "../render/drawing";
import type { Speedup } from "../render/speedup";
import type { Comparison, Entrant } from "./comparison";
import { comparisonDocument } from "./comparison-result";
import { residualsOf } from "./residuals";

/** All numbers of a comparison: a row an image, a row a step of a plugin's region, and JSON with the whole reports. */
export function comparisonTables(comparison: Comparison): Download[] {
  return [
    { name: "images.csv", type: "text/csv", content: imageTable(comparison) },
    { name: "steps.csv", type: "text/csv", content: stepTable(comparison) },
    {
      name: "compare.json",
      type: "application/json",
      content: JSON.stringify(comparisonDocument(comparison), null, 2),
    },
  ];
}

function imageTable({ motifs, reference, rivals }: Comparison): string {
  const head = [
    ...["config", "subject", "seed", "psnr_db", "ssim", "gmsd", "lpips", "denoiser_seconds", "whole_seconds"],
    ...["denoiser_times_faster", "whole_times_faster", "flops_skipped_share"],
  ];
  const row = (entrant: Entrant, i: number, quality?: Quality, speedup?: Speedup): Cell[] => {
    const { subject, seed } = motifs[i]!;
    const drawing = entrant.drawings[i]!;
    const skipped = drawing.report.plugins.reduce((sum, { compute }) => sum + (compute?.skippedShare ?? 0), 0);
    return [
      ...[entrant.name, subject, seed, quality?.psnr, quality?.ssim, quality?.gmsd, quality?.lpips],
      ...[denoiserSeconds(drawing), wholeSeconds(drawing), speedup?.denoiser, speedup?.whole, skipped],
    ];
  };
  return csv(
    head,
    motifs.flatMap((_, i) => [
      row(reference, i),
      ...rivals.map((rival) => row(rival, i, rival.qualities[i], rival.speedups[i])),
    ]),
  );
}

/** Steps count from 1, as in the page. */
function stepTable({ motifs, reference, rivals }: Comparison): string {
  const rows = motifs.flatMap(({ subject, seed }, i) =>
    [reference, ...rivals].flatMap(({ name, config, drawings }) => {
      const drawing = drawings[i]!;
      const measured = residualsOf(config, drawing).flatMap(({ plugin, region, number, points, threshold }) =>
        points.map(([step, value]): Cell[] => [
          name,
          subject,
          seed,
          plugin,
          region,
          step + 1,
          number,
          value,
          threshold,
        ]),
      );
      const done = drawing.report.plugins.flatMap(({ name: plugin, regions }) =>
        regions.flatMap(({ name: region, computed, reused }) =>
          [...new Set([...computed, ...reused])]
            .sort((a, b) => a - b)
            .map((step): Cell[] => {
              const share = reused.includes(step) ? (computed.includes(step) ? 0.5 : 1) : 0;
              return [name, subject, seed, plugin, region, step + 1, "reused", share, undefined];
            }),
        ),
      );
      return [...done, ...measured];
    }),
  );
  return csv(["config", "subject", "seed", "plugin", "region", "step", "number", "value", "threshold"], rows);
}
