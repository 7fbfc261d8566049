import { basename, dirname, join } from "node:path";
import { type CheckedConfig, type ConfigInput, findPlugin, validateConfig } from "@skipstep/core";
import type { AnyManifest } from "@skipstep/core/plugin";
import { loadForCalibration } from "./calibrate/load";
import { calibratedConfig, probeConfig } from "./calibrate/plugin-entry";
import { factsText } from "./columns";
import { cancelled, usage } from "./errors";
import { givenConfig } from "./given-config";
import { outFile } from "./out-file";
import { withContenders } from "./render/contender";
import type { DrawingOptions } from "./render/drawing-options";
import { drawInTurns } from "./render/in-turns";
import { motifsOf } from "./render/motif";
import { subjectsOf } from "./render/subjects";
import { whileDrawing } from "./render/while-drawing";
import type { Session } from "./session";
import { settingOverrides } from "./setting-overrides";
import { shownPath } from "./shown-path";
import { checkWritable, writeWhole } from "./write-file";
import { writtenConfig } from "./written-config";

export interface CalibrateOptions extends Omit<DrawingOptions, "plugin"> {
  /** As a config would name it. */
  readonly plugin: string;
}

/** Bytes that must be free for the config. */
const fileBytes = 2 ** 16;

/** `skipstep calibrate`: finds options of a plugin that depend on the model, and writes the config with them. */
export async function calibrate(file: string, options: CalibrateOptions, session: Session): Promise<void> {
  const start = performance.now();
  const { plugin: use, out = "calibrated.json", ...settings } = options;
  const { input, folder } = givenConfig(file);
  const { manifest } = await findPlugin(use, folder);
  const calibration = calibrationOf(manifest);
  const loaded = await loadForCalibration(input, settingOverrides(settings), manifest);
  const probe = await validateConfig(probeConfig(loaded, use, manifest), { folder });
  const motifs = await motifsOf(probe, subjectsOf(probe, settings), settings.seeds);
  const place = outFile(out, ".json");
  await written(probe, folder, place);
  checkWritable(place, fileBytes);

  const rounds = await whileDrawing(settings, session, (drawing) =>
    withContenders([probe], drawing, (contenders) => drawInTurns(contenders, motifs)),
  );
  const drawings = rounds.flat();
  const reports = drawings.map(({ report }) => report.plugins.find(({ name }) => name === manifest.name)!);
  const found = calibration.fit(reports);
  const calibrated = await validateConfig(calibratedConfig(loaded, use, manifest, found), { folder });
  const text = `${JSON.stringify(await written(calibrated, folder, place), null, 2)}\n`;
  const signal = session.interruption.heed();
  if (signal.aborted) throw cancelled(signal.reason);
  writeWhole(place, text);

  const seconds = (performance.now() - start) / 1000;
  const document = { file: place, plugin: manifest.name, options: found, images: drawings.length, seconds };
  const lines = [
    shownPath(place),
    `${manifest.name}: ${factsText(found)}`,
    `from ${drawings.length} images, ${seconds.toFixed(1)} s`,
  ];
  session.terminal.show({ document, lines }, settings.json);
}

/** @throws SKIPSTEP_USAGE for a plugin that has nothing to find */
function calibrationOf({ name, calibration }: AnyManifest): NonNullable<AnyManifest["calibration"]> {
  if (!calibration) throw usage(`Plugin "${name}" has no options that depend on the model: there is nothing to find.`);
  return calibration;
}

/** What is written, once it is sure that a config in that place finds its model and its plugins. */
async function written(config: CheckedConfig, folder: string, place: string): Promise<object> {
  const content = writtenConfig({ ...config, file: join(folder, basename(place)) }, place); // made of one that lay there
  await validateConfig(content as ConfigInput, { folder: dirname(place) });
  return content;
}
