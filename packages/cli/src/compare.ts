import { validateConfig } from "@skipstep/core";
import { comparedPlan, type NamedConfig } from "./compare/comparable";
import { type Comparison, compareEntrants } from "./compare/comparison";
import { comparisonPage } from "./compare/comparison-page";
import { comparisonResult } from "./compare/comparison-result";
import { cancelled } from "./errors";
import { givenConfig } from "./given-config";
import { outFile } from "./out-file";
import { type Lpips, openLpips } from "./quality/lpips";
import { withContenders } from "./render/contender";
import { type Drawing, denoiserSeconds } from "./render/drawing";
import type { DrawingOptions } from "./render/drawing-options";
import { drawInTurns } from "./render/in-turns";
import { type Motif, motifsOf } from "./render/motif";
import { subjectsOf } from "./render/subjects";
import { unsteadyWarnings } from "./render/unsteady";
import { whileDrawing } from "./render/while-drawing";
import type { Session } from "./session";
import { settingOverrides } from "./setting-overrides";
import { checkWritable, writeWhole } from "./write-file";

export interface CompareOptions extends DrawingOptions {
  /** Safetensors with the network and the weights of LPIPS. */
  readonly lpips?: readonly string[];
}

/** Bytes: the most that is tried out before the run. */
const mostBytes = 2 ** 24;

/** `skipstep compare`: the same images by several configs, measured against the first one's. */
export async function compare(files: readonly string[], options: CompareOptions, session: Session): Promise<void> {
  const start = performance.now();
  const configs: NamedConfig[] = [];
  const overrides = settingOverrides(options);
  for (const name of files)
    configs.push({ name, config: await validateConfig(givenConfig(name).input, { overrides }) });
  const [{ config: reference }] = configs as [NamedConfig];
  const motifs = await motifsOf(reference, subjectsOf(reference, options), options.seeds);
  const file = outFile(options.out ?? "compare.html", ".html");
  const { width, height } = await comparedPlan(configs, motifs);
  checkWritable(file, Math.min(mostBytes, width * height * 6 * motifs.length * files.length));

  const lpips = options.lpips && (await openLpips(options.lpips, { width, height }, options.threads));
  const comparison = await measure(configs, motifs, options, session, lpips).finally(() => lpips?.close());
  const page = await comparisonPage(comparison, lpips?.net);
  const signal = session.interruption.heed();
  if (signal.aborted) throw cancelled(signal.reason);
  writeWhole(file, page);

  const entrants = [comparison.reference, ...comparison.rivals];
  const told = entrants.flatMap(({ name, drawings }) =>
    [...new Set(drawings.flatMap(({ report }) => report.warnings))].map((warning) => `${name}: ${warning}`),
  );
  const warnings = [...told, ...unsteadyWarnings(entrants[0]!.drawings.map(denoiserSeconds))];
  const seconds = (performance.now() - start) / 1000;
  session.terminal.show(comparisonResult({ file, seconds, warnings, comparison }), options.json);
}

async function measure(
  configs: readonly NamedConfig[],
  motifs: readonly Motif[],
  options: DrawingOptions,
  session: Session,
  lpips: Lpips | undefined,
): Promise<Comparison> {
  const rounds = await draw(configs, motifs, options, session);
  const entrants = configs.map((config, i) => ({ ...config, drawings: rounds.map((round) => round[i]!) }));
  return compareEntrants(motifs, entrants, lpips);
}

function draw(
  configs: readonly NamedConfig[],
  motifs: readonly Motif[],
  options: DrawingOptions,
  session: Session,
): Promise<(readonly Drawing[])[]> {
  const checked = configs.map(({ config }) => config);
  return whileDrawing(options, session, (drawing) =>
    withContenders(checked, drawing, async (contenders) => {
      for (const contender of contenders) await contender.draw(motifs[0]!, "first"); // first runs are slower
      return drawInTurns(contenders, motifs);
    }),
  );
}
