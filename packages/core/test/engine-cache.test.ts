import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { weightsStamp } from "../src/compiler/check-engine";
import { ChunkHasher, changedChunk, chunkLength } from "../src/compiler/chunk-hashes";
import { type CompileRequest, compile } from "../src/compiler/compile";
import { type EngineManifest, readManifest, writeManifest } from "../src/compiler/engine-manifest";
import { clearEngines, listEngines } from "../src/compiler/engines";
import { listLeftovers } from "../src/compiler/leftovers";
import { planGraph, type RegionClaim } from "../src/compiler/plan";
import { verifyEngines } from "../src/compiler/verify-engines";
import { ownerState, ownerTag } from "../src/disk/temporary-owner";
import { notePlace } from "../src/recipe/known-places";
import { blockGraph } from "./block-model";
import { temporaryFolder } from "./checkpoint-files";

let cacheDir = "";
beforeEach(() => {
  cacheDir = join(temporaryFolder(), "cache");
});

const first: RegionClaim = {
  plugin: "fbcache",
  order: 0,
  region: { name: "first", index: 0, from: "layers.0", to: "layers.0" },
};

function request(claims: RegionClaim[] = []): CompileRequest {
  const graph = blockGraph(3);
  const about = { component: "transformer", className: "BlockModel", source: "/models/blocks", plugins: [] };
  return { graph, plan: planGraph(graph, claims), identity: "1".repeat(64), cacheDir, ...about };
}

/** Changes one byte in place and gives the file its time back: what only the ctime shows. */
function changeQuietly(path: string, at = 5000): void {
  const { atimeNs, mtimeNs } = statSync(path, { bigint: true });
  const byte = readFileSync(path)[at]!;
  const descriptor = openSync(path, "r+");
  writeSync(descriptor, Uint8Array.of(byte ^ 0x40), 0, 1, at);
  closeSync(descriptor);
  utimesSync(path, Number(atimeNs / 1_000_000n) / 1000, Number(mtimeNs / 1_000_000n) / 1000);
}

const engineNames = (): string[] => readdirSync(join(cacheDir, "engines"));

describe("weights of an engine that were changed with size and time kept", () => {
  it("are noticed: the engine is compiled again", async () => {
    const { folder } = await compile(request());
    const path = join(folder, "weights.bin");
    utimesSync(path, 1e9, 1e9); // a time that can be given again exactly
    expect((await compile(request())).cached).toBe(true);
    const { size, mtimeMs } = statSync(path);
    changeQuietly(path);
    expect(statSync(path)).toMatchObject({ size, mtimeMs });
    expect((await compile(request())).repaired).toBe("weights.bin is not as it was written");
    expect(await compile(request())).toMatchObject({ cached: true });
  });

  it("are noticed even where no time shows it, by a piece that is hashed at each opening", async () => {
    const { folder } = await compile(request());
    changeQuietly(join(folder, "weights.bin"));
    const { weights, ...manifest } = readManifest(folder)!;
    writeManifest(folder, { ...manifest, weights: { ...weights, stamp: weightsStamp(folder) } } as EngineManifest);
    expect(weights.chunks).toHaveLength(1); // so that the piece is this one
    expect((await compile(request())).repaired).toBe("weights.bin is not as it was written");
  });

  it("are not taken over by an engine with other cuts", async () => {
    const plain = await compile(request());
    changeQuietly(join(plain.folder, "weights.bin"));
    const cut = await compile(request([first]));
    expect(statSync(join(cut.folder, "weights.bin")).nlink).toBe(1);
  });
});

it("a link to an engine's weights does not make it hash them again", async () => {
  const { folder } = await compile(request());
  await compile(request([first]));
  expect(readManifest(folder)!.weights.stamp).toEqual(weightsStamp(folder));
});

describe("hashes of pieces", () => {
  it("find the piece that changed", async () => {
    const path = join(temporaryFolder(), "file");
    const content = Buffer.alloc(2 * chunkLength + 10, "skipstep");
    writeFileSync(path, content);
    const hasher = new ChunkHasher();
    for (let at = 0; at < content.length; at += 700_001) hasher.update(content.subarray(at, at + 700_001));
    const hashes = hasher.digest();
    expect(hashes).toHaveLength(3);
    expect(await changedChunk(path, hashes)).toBeUndefined();
    for (const [at, chunk] of [
      [0, 0],
      [chunkLength, 1],
      [2 * chunkLength + 9, 2],
    ] as const) {
      changeQuietly(path, at);
      expect(await changedChunk(path, hashes)).toBe(chunk);
      expect(await changedChunk(path, hashes, [(chunk + 1) % 3])).toBeUndefined();
      changeQuietly(path, at);
    }
  });
});

describe("verifyEngines", () => {
  it("reads everything, and removes what is damaged", async () => {
    const [plain, cut] = [await compile(request()), await compile(request([first]))];
    expect((await verifyEngines({ cacheDir })).map(({ damaged }) => damaged)).toEqual([undefined, undefined]);
    changeQuietly(join(cut.folder, "segment-0.onnx"), 60);
    const verified = await verifyEngines({ cacheDir });
    expect(verified).toHaveLength(2);
    expect(verified).toContainEqual({
      key: cut.key,
      folder: cut.folder,
      component: "transformer",
      damaged: "segment-0.onnx is not as it was written",
    });
    expect(engineNames()).toEqual([plain.key]);
  });

  it("looks at one alone, and stops with its signal", async () => {
    const { key } = await compile(request());
    await compile(request([first]));
    expect(await verifyEngines({ cacheDir, key: key.slice(0, 12) })).toMatchObject([{ key }]);
    await expect(verifyEngines({ cacheDir, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "SKIPSTEP_CANCELLED",
    });
  });
});

describe("what a killed compilation left", () => {
  it("is listed and removed at once, and what a living one writes is not", async () => {
    const script = join(import.meta.dirname, "compile-child.ts");
    const args = ["--import", "tsx", "--conditions", "@skipstep/source", script, cacheDir, "race"];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    child.stdin.write("go\n");
    const engines = join(cacheDir, "engines");
    while (!existsSync(engines) || engineNames().length === 0) await new Promise((done) => setTimeout(done, 5));
    expect(listLeftovers(cacheDir)).toMatchObject([{ owner: "running", isDead: false }]);
    clearEngines({ cacheDir });
    expect(engineNames()).toHaveLength(1);

    child.kill("SIGKILL");
    await ended;
    expect(listLeftovers(cacheDir)).toMatchObject([{ owner: "gone", isDead: true }]);
    expect(listEngines(cacheDir)).toEqual([]);
    expect(clearEngines({ cacheDir })).toMatchObject({ engines: [], leftovers: [{ owner: "gone" }] });
    expect(engineNames()).toEqual([]);
  });

  it("belongs to a process, its start, the system's start and its host", () => {
    const [pid, start, boot, host] = ownerTag().split("-");
    const state = (...tag: unknown[]): string => ownerState(`/cache/engines/key.${tag.join("-")}.0f3b9c52.tmp`);
    expect(state(pid, start, boot, host)).toBe("running");
    expect(state(2 ** 22 + 1, start, boot, host)).toBe("gone"); // no system has as many
    if (process.platform === "linux") expect(state(pid, Number(start) + 1, boot, host)).toBe("gone"); // its number was given again
    expect(state(pid, start, "00000000", host)).toBe("gone");
    expect(state(pid, start, boot, "00000000")).toBe("unknown");
    expect(ownerState("/cache/engines/key.1.x.tmp")).toBe("unknown");
  });

  it("among notes of places is found too", () => {
    notePlace(cacheDir, "/model.safetensors", { sha256: "0".repeat(64) });
    const [note] = readdirSync(join(cacheDir, "places"));
    const tag = ownerTag().replace(/^\d+/, String(2 ** 22 + 1)); // of a process that is gone
    const path = join(cacheDir, "places", `${note}.${tag}.0f3b9c52.tmp`);
    writeFileSync(path, "[");
    expect(listLeftovers(cacheDir)).toMatchObject([{ path, bytes: 1, owner: "gone", isDead: true }]);
    expect(clearEngines({ cacheDir })).toMatchObject({ leftovers: [{ path }], bytes: 1 });
    expect(readdirSync(join(cacheDir, "places"))).toEqual([note]);
  });

  it("of another host counts as left behind after a day", async () => {
    const [pid, start, boot] = ownerTag().split("-");
    const path = join(cacheDir, "engines", `key.${pid}-${start}-${boot}-00000000.0f3b9c52.tmp`);
    mkdirSync(path, { recursive: true });
    expect(listLeftovers(cacheDir)).toMatchObject([{ owner: "unknown", isDead: false }]);
    const yesterday = Date.now() / 1000 - 25 * 60 * 60;
    utimesSync(path, yesterday, yesterday);
    expect(clearEngines({ cacheDir }).leftovers.map((leftover) => basename(leftover.path))).toEqual([basename(path)]);
  });
});
