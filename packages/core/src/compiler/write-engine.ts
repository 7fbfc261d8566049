import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../disk/make-folder";
import { syncToDisk } from "../disk/sync-to-disk";
import { isSystemError } from "../disk/system-error";
import { temporaryBeside } from "../disk/temporary-beside";
import { endUnfinished } from "../disk/unfinished";
import { cacheFull, cacheUnwritable } from "../errors/compiler";
import type { Graph } from "../graph/graph";
import { sizeOf } from "../tensor";
import { coreVersion } from "../version";
import { weightsStamp } from "./check-engine";
import type { CompileRequest } from "./compile";
import type { EngineDraft } from "./engine-draft";
import { publish } from "./engine-folder";
import { type EngineManifest, type WeightsEntry, writeManifest } from "./engine-manifest";
import { removeLeftovers } from "./leftovers";
import { weightsFile } from "./onnx";
import { runtimeVersion } from "./runtime-version";
import { shareWeights } from "./share-weights";
import { writeWeights } from "./weights-file";
import { initializersOf } from "./weights-layout";

/** What became of a written engine. */
export interface WrittenEngine {
  readonly weights: WeightsEntry;
  /** False when another process was faster, and its engine is used. */
  readonly isOurs: boolean;
}

/** Writes an engine beside its place and moves it there. */
export async function writeEngine(request: CompileRequest, draft: EngineDraft, folder: string): Promise<WrittenEngine> {
  const { cacheDir, force = false } = request;
  const temporary = temporaryBeside(folder);
  try {
    makeFolder(temporary);
    removeLeftovers(cacheDir);
    const weights = await fillFolder(request, draft, temporary);
    syncToDisk(temporary);
    return { weights, isOurs: await publish(temporary, folder, force) };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const bytes = draft.layout.byteLength + draft.models.reduce((sum, model) => sum + model.byteLength, 0);
    throw isFull(error) ? cacheFull(cacheDir, bytes, error) : cacheUnwritable(cacheDir, error);
  } finally {
    removeQuietly(temporary);
    endUnfinished(temporary);
  }
}

async function fillFolder(request: CompileRequest, draft: EngineDraft, folder: string): Promise<WeightsEntry> {
  const { graph, component, className, source, plugins } = request;
  for (const [i, { file }] of draft.segments.entries()) {
    writeFileSync(join(folder, file), draft.models[i]!);
    syncToDisk(join(folder, file));
  }
  const weights = await obtainWeights(request, draft, folder);
  const manifest: EngineManifest = {
    key: draft.key,
    component,
    className,
    source,
    plugins,
    created: new Date().toISOString(),
    core: coreVersion,
    runtime: runtimeVersion,
    parameters: countParameters(graph),
    segments: draft.segments,
    weights,
  };
  writeManifest(folder, manifest);
  return weights;
}

async function obtainWeights(request: CompileRequest, draft: EngineDraft, folder: string): Promise<WeightsEntry> {
  const { cacheDir, identity, force = false, signal, onEvent } = request;
  const { layout, weightsKey } = draft;
  const shared = await shareWeights(cacheDir, folder, weightsKey, force);
  if (shared) return shared;
  const onWritten = (done: number): void => onEvent?.({ kind: "weights", done, of: layout.byteLength });
  const written = await writeWeights(join(folder, weightsFile), layout, { signal, onWritten });
  // Another process may have written the same weights for an engine with other cuts meanwhile.
  const late = await shareWeights(cacheDir, folder, weightsKey, force);
  const stamp = weightsStamp(folder);
  return late ?? { key: weightsKey, identity, byteLength: layout.byteLength, stamp, ...written };
}

/** Elements of the checkpoint's tensors that initializers are made of. */
function countParameters({ nodes, weights }: Graph): number {
  const labels = new Set(initializersOf(nodes).map(({ origin }) => origin.payload.label));
  return [...labels].reduce((sum, label) => sum + (weights.has(label) ? sizeOf(weights.entry(label).shape) : 0), 0);
}

function isFull({ code }: NodeJS.ErrnoException): boolean {
  return code === "ENOSPC" || code === "EDQUOT";
}

/** Removes what failed; the failure itself is worth more than that this failed too. */
function removeQuietly(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}
