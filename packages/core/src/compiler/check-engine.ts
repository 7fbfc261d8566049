import { existsSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { type FileStamp, sameStamp, stampOf } from "../disk/file-stamp";
import { readRegularFile } from "../disk/regular-file";
import { isSystemError } from "../disk/system-error";
import { changedChunk } from "./chunk-hashes";
import { type EngineManifest, readManifest, sha256, writeManifest } from "./engine-manifest";
import { weightsFile } from "./onnx";

/** What was found at an engine's place. */
export type Found =
  | { readonly state: "missing" }
  | { readonly state: "damaged"; readonly problem: string }
  | { readonly state: "intact"; readonly manifest: EngineManifest };

/**
 * Checks that an engine folder is as it was written. Weights are hashed when their inode or one of their times changed;
 * when not, a piece of them is, another one each time: a disk may forget, too.
 *
 * @param thorough hashes all of them in any case
 */
export async function checkEngine(folder: string, thorough = false): Promise<Found> {
  if (!existsSync(folder)) return { state: "missing" };
  try {
    const manifest = readManifest(folder);
    if (!manifest || manifest.key !== basename(folder)) return damaged("engine.json is not as it was written");
    const problem = segmentProblem(folder, manifest) ?? (await weightsProblem(folder, manifest, thorough));
    return problem === undefined ? { state: "intact", manifest } : damaged(problem);
  } catch (error) {
    if (isSystemError(error)) return damaged(error.message);
    throw error;
  }
}

/**
 * Whether a folder's weights are as they were written.
 *
 * @returns what is wrong with them, or `undefined`
 * @throws what the system does when they cannot be read
 */
export async function weightsProblem(
  folder: string,
  manifest: EngineManifest,
  thorough: boolean,
): Promise<string | undefined> {
  const { weights } = manifest;
  const stamp = weightsStamp(folder);
  if (stamp.size !== weights.byteLength)
    return `${weightsFile} has ${stamp.size} bytes instead of ${weights.byteLength}`;
  const isSame = sameStamp(stamp, weights.stamp);
  const sample = isSame && !thorough ? [Math.floor(Math.random() * weights.chunks.length)] : undefined;
  const changed =
    weights.byteLength === 0 ? undefined : await changedChunk(join(folder, weightsFile), weights.chunks, sample);
  if (changed !== undefined) return `${weightsFile} is not as it was written`;
  if (!isSame) restamp(folder, manifest, stamp);
  return undefined;
}

/** The file of weights as it is now. */
export function weightsStamp(folder: string): FileStamp {
  return stampOf(statSync(join(folder, weightsFile), { bigint: true }));
}

function segmentProblem(folder: string, { segments }: EngineManifest): string | undefined {
  const broken = segments.find(
    ({ file, sha256: expected }) => sha256(readRegularFile(join(folder, file))) !== expected,
  );
  return broken && `${broken.file} is not as it was written`;
}

/** Makes the stamp that of the file now, so that it need not be hashed again. */
export function restamp(folder: string, manifest: EngineManifest, stamp: FileStamp): void {
  try {
    writeManifest(folder, { ...manifest, weights: { ...manifest.weights, stamp } });
  } catch (error) {
    // An engine in a read-only cache works all the same; it is hashed again the next time.
    if (!isSystemError(error)) throw error;
  }
}

function damaged(problem: string): Found {
  return { state: "damaged", problem };
}
