import path from "node:path";
import type { LimitChoice } from "../config/limits";
import { usualLimits } from "../config/limits";
import { requestInvalid } from "../errors/pipeline";
import type { OpenedComponent } from "../program/opened-component";
import type { LoraReport } from "../report/report";
import type { RequestLora, RequestLoraInput } from "../weights/lora/lora";
import { findLoraFile } from "../weights/lora/lora-file";
import { placeRequestLora } from "../weights/lora/place-request-lora";
import type { OnProgress } from "./progress-listener";

/** LoRAs that were read and fit the model. */
export interface ReadLoras {
  readonly reports: readonly LoraReport[];
  readonly warnings: readonly string[];
}

/** Runs a pipeline's models with LoRAs beside their weights. */
export interface BesideLoras {
  /**
   * Reads the LoRAs of a generation, before anything runs.
   * @param loras those of the last call are not read again where their files are as they were
   * @throws SKIPSTEP_REQUEST_INVALID above the limits, and what opening, matching and reading LoRAs throws
   */
  read(loras: readonly RequestLora[]): ReadLoras;
  /**
   * Runs a generation with them, or without any.
   * @param body given the models that it runs
   */
  run<Result>(
    loras: ReadLoras | undefined,
    watch: { readonly signal?: AbortSignal | undefined; readonly onProgress?: OnProgress | undefined },
    body: (models: readonly OpenedComponent[]) => Promise<Result>,
  ): Promise<Result>;
}

/**
 * Writes a request's LoRAs in full. Those of scale 0 are none: without any the model runs as it is.
 * @throws SKIPSTEP_REQUEST_INVALID with everything that is wrong, SKIPSTEP_LORA_MISSING
 */
export function placeLoras(
  loras: readonly RequestLoraInput[] | undefined,
  { request_loras, limits }: LimitChoice & { readonly request_loras?: Readonly<Record<string, string>> },
): RequestLora[] {
  const { loras: most } = { ...usualLimits, ...limits };
  if (!loras) return [];
  if (loras.length > most)
    throw requestInvalid([
      `loras must be at most ${most}, found ${loras.length}. "limits": { "loras": ... } in the config allows more`,
    ]);
  const placed = loras.map((entry) => placeRequestLora(entry, request_loras, process.cwd()));
  const problems = placed.flatMap((lora, i) => (typeof lora === "string" ? [`loras/${i} ${lora}`] : []));
  const found = placed.filter((lora) => typeof lora !== "string");
  const paths = found.map((lora) => path.resolve(lora.path));
  for (const lora of found) findLoraFile(lora.path);
  const twice = found.find((_, i) => paths.indexOf(paths[i]!) !== i);
  if (twice) problems.push(`loras have "${twice.name ?? twice.path}" twice. Give it once, with the sum of the scales`);
  const endless = found.find(({ scale }) => !Number.isFinite(scale));
  if (endless) problems.push(`loras have a scale of ${endless.scale} for "${endless.name ?? endless.path}"`);
  if (problems.length > 0) throw requestInvalid(problems);
  return found;
}
