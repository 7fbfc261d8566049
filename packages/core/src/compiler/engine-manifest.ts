import { createHash, randomUUID } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FileStamp } from "../disk/file-stamp";
import { readRegularText } from "../disk/regular-file";
import { syncToDisk } from "../disk/sync-to-disk";
import { beginUnfinished, endUnfinished } from "../disk/unfinished";
import { JsonError, parseJson } from "../schema/parse-json";
import type { NonFinite } from "./non-finite";

/** One ONNX file of an engine. */
export interface SegmentEntry {
  readonly file: string;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  readonly byteLength: number;
  /** Names of what the caller feeds, of what the runtime feeds, and of what comes out. */
  readonly inputs: readonly string[];
  readonly sizes: readonly string[];
  readonly outputs: readonly string[];
}

/** The file of weights of an engine. */
export interface WeightsEntry {
  /** Equal keys mean equal files. */
  readonly key: string;
  /** `WeightSource.identity` of the checkpoint. */
  readonly identity: string;
  readonly byteLength: number;
  /** Hashes of its pieces of 1 MiB, as `ChunkHasher` has them. */
  readonly chunks: readonly string[];
  /** The file as it was when it was hashed. */
  readonly stamp: FileStamp;
  readonly nonFinite: readonly NonFinite[];
}

/** What an engine folder holds: `engine.json`. */
export interface EngineManifest {
  readonly key: string;
  /** `transformer` */
  readonly component: string;
  /** `ZImageTransformer2DModel` */
  readonly className: string;
  /** Folder of the checkpoint. */
  readonly source: string;
  /** Names of the plugins that the engine was compiled for. */
  readonly plugins: readonly string[];
  /** ISO 8601. */
  readonly created: string;
  /** Versions of @skipstep/core and onnxruntime-node. */
  readonly core: string;
  readonly runtime: string;
  /** Elements of the checkpoint's tensors that the graph uses. */
  readonly parameters: number;
  readonly segments: readonly SegmentEntry[];
  readonly weights: WeightsEntry;
}

/** Part of every engine's key: another layout of folders makes other engines. */
export const formatVersion = 2;

const fileName = "engine.json";

/** Writes `engine.json` with a hash of its own content; a reader sees the old file or the new one. */
export function writeManifest(folder: string, engine: EngineManifest): void {
  const temporary = manifestPath(folder, `.${randomUUID()}.tmp`);
  beginUnfinished(temporary);
  try {
    const content = { version: formatVersion, sha256: sha256(JSON.stringify(engine)), engine };
    writeFileSync(temporary, `${JSON.stringify(content)}\n`);
    syncToDisk(temporary);
    renameSync(temporary, manifestPath(folder));
  } finally {
    endUnfinished(temporary);
  }
}

/**
 * Reads `engine.json`.
 *
 * @returns `undefined` when it is not what was written
 * @throws what the system does when the file cannot be read
 */
export function readManifest(folder: string): EngineManifest | undefined {
  const content = parse(readRegularText(manifestPath(folder)));
  const isWhole = content?.version === formatVersion && content.sha256 === sha256(JSON.stringify(content.engine) ?? "");
  return isWhole ? (content.engine as EngineManifest) : undefined;
}

/** Path of a folder's `engine.json`. */
export function manifestPath(folder: string, suffix = ""): string {
  return join(folder, `${fileName}${suffix}`);
}

/** 64 hexadecimal digits. */
export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function parse(text: string): { version?: unknown; sha256?: unknown; engine?: unknown } | undefined {
  try {
    return parseJson(text) as ReturnType<typeof parse>;
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}
