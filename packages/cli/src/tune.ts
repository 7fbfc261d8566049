import { dirname, extname } from "node:path";
import { type CheckedConfig, type ConfigInput, type Override, planFromPictures, validateConfig } from "@skipstep/core";
import { cancelled, targetMissed, untunable, usage } from "./errors";
import { givenConfig } from "./given-config";
import { outFile } from "./out-file";
import { psnrText, timesText } from "./quality/texts";
import type { DrawingOptions } from "./render/drawing-options";
import { type Motif, motifsOf } from "./render/motif";
import { subjectsOf } from "./render/subjects";
import { whileDrawing } from "./render/while-drawing";
import type { Session } from "./session";
import { settingOverrides } from "./setting-overrides";
import { shownPath } from "./shown-path";
import { Arena, type Evidence } from "./tune/arena";
import { type Knob, knobsOf, triedKnobs } from "./tune/knob";
import { search } from "./tune/search";
import { overridesAt, settingText } from "./tune/setting";
import { latencyTarget, psnrTarget, speedupTarget, type Target } from "./tune/target";
import type { Trial } from "./tune/trial";
import { tunablePlugins } from "./tune/tunable";
import { tuningPage } from "./tune/tuning-page";
import { type Tuning, tuningResult } from "./tune/tuning-result";
import { checkWritable, writeWhole } from "./write-file";
import { writtenConfig } from "./written-config";

export interface TuneOptions extends DrawingOptions {
  /** Exactly one of three: dB, times, milliseconds. */
  readonly psnr?: number;
  readonly speedup?: number;
  readonly latency?: number;
  /** Most subjects that each setting draws. */
  readonly count: number;
  /** Most settings that are measured. */
  readonly trials: number;
  /** Options and their values, in place of those that plugins name. */
  readonly try?: readonly string[];
}

/** Bytes that must be free for the config and for the page. */
const fileBytes = 2 ** 18;

/** `skipstep tune`: finds options of a config's plugins for a quality or a speed, and writes the config with them. */
export async function tune(file: string, options: TuneOptions, session: Session): Promise<void> {
  const start = performance.now();
  const target = targetOf(options);
  const { out = "tuned.json" } = options;
  const { input, folder } = givenConfig(file);
  const set = settingOverrides(options);
  const config = await validateConfig(input, { overrides: set });
  const knobs = options.try ? triedKnobs(config, options.try) : knobsOf(config);
  if (knobs.length === 0) throw untunable(file, await tunablePlugins(folder, config));
  const motifs = await chosenMotifs(config, options);
  const configFile = outFile(out, ".json");
  const pageFile = `${configFile.slice(0, -extname(configFile).length)}.html`;
  await checkPlace(config, configFile);
  for (const path of [configFile, pageFile]) checkWritable(path, fileBytes);

  const { width, height } = await planFromPictures(config, motifs[0]!.request);
  const { trials, evidence } = await measure(input, { set, knobs, motifs, target }, options, session);
  const chosen = target.best(trials.filter(target.meets));
  const seconds = (performance.now() - start) / 1000;
  const tuning: Tuning = { configFile, pageFile, knobs, target, trials, images: motifs.length, seconds };
  const tuned = chosen && (await tunedConfig(input, set, knobs, chosen));
  const configs = [{ name: file, config }, ...(tuned ? [{ name: shownPath(configFile), config: tuned }] : [])];
  const page = tuningPage(tuning, chosen, { name: file, motifs, width, height, configs, ...evidence });
  const signal = session.interruption.heed();
  if (signal.aborted) throw cancelled(signal.reason);
  writeWhole(pageFile, page);
  if (!chosen || !tuned) throw targetMissed(target.text, closestText(target, tuning), shownPath(pageFile));
  writeWhole(configFile, `${JSON.stringify(writtenConfig(tuned, configFile), null, 2)}\n`);
  session.terminal.show(tuningResult(tuning, chosen), options.json);
}

/** @throws SKIPSTEP_USAGE */
function targetOf({ psnr, speedup, latency }: TuneOptions): Target {
  const targets = [
    ...(psnr === undefined ? [] : [psnrTarget(psnr)]),
    ...(speedup === undefined ? [] : [speedupTarget(speedup)]),
    ...(latency === undefined ? [] : [latencyTarget(latency / 1000)]),
  ];
  if (targets.length !== 1) throw usage("Give one of --psnr, --speedup and --latency.");
  return targets[0]!;
}

function chosenMotifs(config: CheckedConfig, options: TuneOptions): Promise<Motif[]> {
  return motifsOf(config, subjectsOf(config, options).slice(0, options.count), options.seeds);
}

/** Makes sure that a config in that place finds its model and its plugins. */
async function checkPlace(config: CheckedConfig, file: string): Promise<void> {
  await validateConfig(writtenConfig(config, file) as ConfigInput, { folder: dirname(file) });
}

type Overrides = readonly (string | Override)[];

interface Question {
  readonly set: Overrides;
  readonly knobs: readonly Knob[];
  readonly motifs: readonly Motif[];
  readonly target: Target;
}

function measure(
  input: string | ConfigInput,
  { set, knobs, motifs, target }: Question,
  options: TuneOptions,
  session: Session,
): Promise<{ readonly trials: Trial[]; readonly evidence: Evidence }> {
  const { trials } = options;
  return whileDrawing(options, session, async (drawing) => {
    const arena = await Arena.open({ input, set, knobs, motifs, trials, drawing });
    try {
      const space = { sizes: knobs.map(({ values }) => values.length), start: knobs.map((knob) => knob.start) };
      const found = await search<Trial>(space, {
        trials,
        measure: (position, number) => arena.measure(position, number),
        isBeyond: target.isBeyond,
        leader: (measured) => target.best(measured.filter(target.meets)) ?? target.closest(measured),
      });
      return { trials: found, evidence: arena.evidence };
    } finally {
      await arena.close();
    }
  });
}

function tunedConfig(
  input: string | ConfigInput,
  set: Overrides,
  knobs: readonly Knob[],
  { position }: Trial,
): Promise<CheckedConfig> {
  return validateConfig(input, { overrides: [...set, ...overridesAt(knobs, position)] });
}

function closestText({ closest, reached }: Target, { trials, knobs }: Tuning): string {
  const trial = closest(trials);
  if (!trial) return `none of ${trials.length} settings had an effect`;
  return `the closest of ${trials.length} settings reached ${reached(trial)} (${settingText(knobs, trial.position)}; PSNR ${psnrText(trial.quality.psnr)}, denoiser ${timesText(trial.speedup.denoiser)})`;
}
