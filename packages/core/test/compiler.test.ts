import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { type CompiledEngine, type CompileEvent, type CompileRequest, compile } from "../src/compiler/compile";
import { clearEngines, listEngines } from "../src/compiler/engines";
import { type Plan, planGraph, type RegionClaim } from "../src/compiler/plan";
import { defaultCacheDir } from "../src/disk/cache-dir";
import type { BuildHooks } from "../src/graph/build-hooks";
import { Graph } from "../src/graph/graph";
import type { Floats } from "../src/tensor";
import { blockGraph, blockModel, blockWeights, outWidth, width } from "./block-model";
import { memoryWeights, wave } from "./memory-weights";
import { runPlan } from "./run-plan";

const layers = 3;
const home = mkdtempSync(join(tmpdir(), "skipstep-compiler-"));
afterAll(() => rmSync(home, { recursive: true }));

let cacheDir = "";
beforeEach(() => {
  cacheDir = mkdtempSync(join(home, "cache-"));
});

/** Regions as First Block Cache has them: the first block, and the others. */
const cuts: RegionClaim[] = [
  { plugin: "fbcache", order: 0, region: { name: "first", index: 0, from: "layers.0", to: "layers.0" } },
  { plugin: "fbcache", order: 0, region: { name: "rest", index: 1, from: "layers.1", to: `layers.${layers - 1}` } },
];

function request(more: Partial<CompileRequest> = {}): CompileRequest {
  const graph = more.graph ?? blockGraph(layers);
  return {
    graph,
    plan: planGraph(graph, []),
    identity: "1".repeat(64),
    cacheDir,
    component: "transformer",
    className: "BlockModel",
    source: "/models/blocks",
    plugins: [],
    ...more,
  };
}

function cutRequest(more: Partial<CompileRequest> = {}): CompileRequest {
  const graph = more.graph ?? blockGraph(layers);
  return request({ graph, plan: planGraph(graph, cuts), plugins: ["fbcache"], ...more });
}

const x = wave([2, 5, width], 9);

async function run(compiled: CompiledEngine, plan: Plan): Promise<Floats> {
  const { sample } = await runPlan(plan, compiled, { B: 2, T: 5 }, { x });
  return sample as Floats;
}

/**
 * In float32, sums of 64 products are off by some units in the last place of the largest values that are added, how many
 * depends on the CPU's kernels: 7 units were seen. So the tolerance grows with the values.
 */
function expectClose(found: Floats, expected: Floats): void {
  expect(found.shape).toEqual(expected.shape);
  const largest = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = found.data.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.data[i]!)), 0);
  expect(worst / largest).toBeLessThan(1e-6);
}

function engineNames(): string[] {
  return readdirSync(join(cacheDir, "engines"));
}

describe("a compiled engine", () => {
  it("computes what the model does, cut or not", async () => {
    const expected = blockModel(layers, x);
    expect(expected.shape).toEqual([2, 5, outWidth]);
    const plain = request();
    expectClose(await run(await compile(plain), plain.plan), expected);
    const cut = cutRequest();
    const compiled = await compile(cut);
    expect(compiled.segments).toHaveLength(4);
    expectClose(await run(compiled, cut.plan), expected);
  });

  it("is found again", async () => {
    const first = await compile(request());
    const reads: string[] = [];
    const weights = memoryWeights(blockWeights(layers));
    const readFloat32 = (name: string): Float32Array => {
      reads.push(name);
      return weights.readFloat32(name);
    };
    const counting = { ...weights, readFloat32 };
    const second = await compile(request({ graph: blockGraph(layers, counting) }));
    expect(first.cached).toBe(false);
    expect(second).toEqual({ ...first, cached: true, seconds: expect.any(Number) });
    expect(reads.filter((name) => !name.endsWith("bias") && name !== "position")).toEqual([]); // small ones only
    expect(engineNames()).toEqual([first.key]);
  });

  it("names inputs, outputs and sizes of its segments", async () => {
    const { segments, folder } = await compile(cutRequest());
    expect(segments[0]).toEqual({
      path: join(folder, "segment-0.onnx"),
      inputs: ["x"],
      sizes: ["sizes(B, T, 64)"],
      outputs: ["embed/Add"],
    });
    expect(segments[1]).toMatchObject({ inputs: ["embed/Add"], sizes: [], outputs: ["layers.0/Add:1"] });
  });

  it("has another key for another checkpoint, other cuts and other weights", async () => {
    const other = blockGraph(layers, memoryWeights({ ...blockWeights(layers), position: wave([1, 1, width], 77) }));
    const keys = [
      await compile(request()),
      await compile(request({ identity: "2".repeat(64) })),
      await compile(cutRequest()),
      await compile(request({ graph: blockGraph(layers - 1) })),
      await compile(request({ graph: other })), // inline weights are in the model
    ].map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.every((key) => /^[0-9a-f]{64}$/.test(key))).toBe(true);
  });

  it("is the same, byte by byte, in two caches", async () => {
    const other = join(cacheDir, "other");
    const [a, b] = [await compile(cutRequest()), await compile(cutRequest({ cacheDir: other }))];
    const models = readdirSync(a.folder).filter((name) => name !== "engine.json");
    expect(models).toEqual(["segment-0.onnx", "segment-1.onnx", "segment-2.onnx", "segment-3.onnx", "weights.bin"]);
    for (const name of models)
      expect(readFileSync(join(a.folder, name)).equals(readFileSync(join(b.folder, name)))).toBe(true);
  });

  it("tells how far it is", async () => {
    const events: CompileEvent[] = [];
    const { folder } = await compile(request({ onEvent: (event) => events.push(event) }));
    const of = statSync(join(folder, "weights.bin")).size;
    expect(events).toHaveLength(layers + 1);
    expect(events[0]).toEqual({ kind: "weights", done: 16_384, of });
    expect(events.at(-1)).toEqual({ kind: "weights", done: of, of });
  });

  it("reports NaN and Inf, in small and large weights, also when it is found again", async () => {
    const tensors = blockWeights(layers);
    tensors["layers.1.fc.bias"]!.data.set([Number.NaN, 1, Number.NEGATIVE_INFINITY]);
    tensors["proj_out.weight"]!.data.set([Number.POSITIVE_INFINITY, 3.4e38, Number.NaN, Number.NaN], 700);
    const graph = blockGraph(layers, memoryWeights(tensors));
    const expected = [
      { label: "layers.1.fc.bias", nan: 1, inf: 1 },
      { label: "proj_out.weight", nan: 2, inf: 1 },
    ];
    expect((await compile(request({ graph }))).nonFinite).toEqual(expected);
    expect((await compile(request({ graph }))).nonFinite).toEqual(expected);
    expect((await compile(cutRequest({ graph }))).nonFinite).toEqual(expected); // weights linked, not written
    expect((await compile(request({ identity: "2".repeat(64) }))).nonFinite).toEqual([]);
  });
});

describe("weights", () => {
  it("are stored once for plain and cut engines of one checkpoint", async () => {
    const plain = await compile(request());
    const events: CompileEvent[] = [];
    const cut = await compile(cutRequest({ onEvent: (event) => events.push(event) }));
    expect(events).toEqual([]);
    const [a, b] = [plain, cut].map(({ folder }) => statSync(join(folder, "weights.bin")));
    expect([a!.nlink, b!.nlink, a!.ino === b!.ino]).toEqual([2, 2, true]);
    const other = await compile(request({ identity: "2".repeat(64) }));
    expect(statSync(join(other.folder, "weights.bin")).nlink).toBe(1);
  });

  it("are stored once when both are compiled at once", async () => {
    const [plain, cut] = await Promise.all([compile(request()), compile(cutRequest())]);
    expect([plain.cached, cut.cached]).toEqual([false, false]);
    const inodes = [plain, cut].map(({ folder }) => statSync(join(folder, "weights.bin")).ino);
    expect(inodes[0]).toBe(inodes[1]);
  });

  it("are not taken from a damaged engine", async () => {
    const plain = await compile(request());
    flip(join(plain.folder, "weights.bin"), 100);
    const cut = cutRequest();
    const compiled = await compile(cut);
    expectClose(await run(compiled, cut.plan), blockModel(layers, x));
    expect(statSync(join(compiled.folder, "weights.bin")).nlink).toBe(1);
  });

  it("are written one after the other in little memory", async () => {
    const [result] = await compileInChildren(1, "memory");
    const megabyte = 2 ** 20;
    const largest = 50 * megabyte;
    expect(statSync(join(result!.folder, "weights.bin")).size).toBeGreaterThan(400 * megabyte - 1);
    // Of the eight, one is being written; the collector lets one or two that are done lie for a while.
    expect(result!.grownBytes).toBeLessThan(3.5 * largest);
  });
});

/** Changes one byte. */
function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 0x40;
  writeFileSync(path, bytes);
}

describe("a damaged engine", () => {
  const damages: Record<string, (folder: string) => void> = {
    "without engine.json": (folder) => rmSync(join(folder, "engine.json")),
    "engine.json cut off": (folder) => truncateSync(join(folder, "engine.json"), 200),
    "engine.json empty": (folder) => truncateSync(join(folder, "engine.json")),
    "engine.json of something else": (folder) => writeFileSync(join(folder, "engine.json"), "[1]"),
    "engine.json edited": (folder) => {
      const path = join(folder, "engine.json");
      writeFileSync(path, readFileSync(path, "utf8").replace("BlockModel", "BlackModel"));
    },
    "without a segment": (folder) => rmSync(join(folder, "segment-2.onnx")),
    "segment cut off": (folder) => truncateSync(join(folder, "segment-1.onnx"), 100),
    "segment with one byte changed": (folder) => flip(join(folder, "segment-1.onnx"), 60),
    "without weights": (folder) => rmSync(join(folder, "weights.bin")),
    "weights cut off": (folder) => truncateSync(join(folder, "weights.bin"), 5000),
    "weights with one byte changed": (folder) => flip(join(folder, "weights.bin"), 5000),
    "a file instead of the folder": (folder) => {
      rmSync(folder, { recursive: true });
      writeFileSync(folder, "");
    },
    "an empty folder": (folder) => {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
    },
  };

  it.each(Object.entries(damages))("%s: is compiled again, with a warning", async (_name, damage) => {
    const cut = cutRequest();
    const { folder } = await compile(cut);
    damage(folder);
    const repaired = await compile(cut);
    expect(repaired).toMatchObject({ folder, cached: false, repaired: expect.stringMatching(/^[^\n]+$/) });
    expectClose(await run(repaired, cut.plan), blockModel(layers, x));
    const again = await compile(cut);
    expect([again.cached, again.repaired]).toEqual([true, undefined]);
    expect(engineNames()).toEqual([basename(folder)]);
  });

  it("says which file is broken", async () => {
    const { folder } = await compile(request());
    truncateSync(join(folder, "weights.bin"), 5000);
    const { repaired } = await compile(request());
    expect(repaired).toMatch(/^weights\.bin has 5000 bytes instead of \d+$/);
  });

  it("does not spoil those that share its weights", async () => {
    const [plain, cut] = [await compile(request()), await compile(cutRequest())];
    flip(join(plain.folder, "weights.bin"), 5000); // the same file as the other's
    expect((await compile(request())).repaired).toBe("weights.bin is not as it was written");
    const other = await compile(cutRequest());
    expect(other.repaired).toBe("weights.bin is not as it was written");
    expect(statSync(join(cut.folder, "weights.bin")).nlink).toBe(2);
  });

  it("is none when only the time of its weights changed, and they are hashed once", async () => {
    const { folder } = await compile(request());
    const path = join(folder, "weights.bin");
    const stampNow = (): unknown => JSON.parse(readFileSync(join(folder, "engine.json"), "utf8")).engine.weights.stamp;
    utimesSync(path, 1, 1);
    expect((await compile(request())).cached).toBe(true);
    expect(stampNow()).toMatchObject({ mtime_ns: "1000000000" });
  });

  it("is compiled again on demand, even when nothing seems wrong", async () => {
    const first = await compile(request());
    const { ino } = statSync(join(first.folder, "engine.json"));
    // Damage that time and size do not show.
    const path = join(first.folder, "weights.bin");
    const { atime, mtime } = statSync(path);
    flip(path, 5000);
    utimesSync(path, atime, mtime);
    const forced = request({ force: true });
    const second = await compile(forced);
    expect(second).toMatchObject({ folder: first.folder, cached: false });
    expect(statSync(join(first.folder, "engine.json")).ino).not.toBe(ino);
    expectClose(await run(second, forced.plan), blockModel(layers, x));
    expect(engineNames()).toEqual([first.key]);
  });
});

interface ChildResult {
  readonly folder: string;
  readonly cached: boolean;
  readonly payloads: number;
  readonly grownBytes: number;
}

/** Starts processes that compile the same thing at the same moment. */
async function compileInChildren(count: number, task: string): Promise<ChildResult[]> {
  const script = join(import.meta.dirname, "compile-child.ts");
  const options = ["--import", "tsx", "--conditions", "@skipstep/source", script, cacheDir, task];
  const children = Array.from({ length: count }, () => {
    const child = spawn(process.execPath, options, { stdio: ["pipe", "pipe", "inherit"] });
    return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
  });
  for (const { lines } of children) await lines.next(); // "ready"
  for (const { child } of children) child.stdin.write("go\n");
  return Promise.all(children.map(async ({ lines }) => JSON.parse((await lines.next()).value)));
}

describe("two compilations of one engine at once", () => {
  it("in two processes: one wins, the other uses its engine", async () => {
    const results = await compileInChildren(2, "race");
    expect(results.map(({ payloads }) => payloads)).toEqual([4, 4]); // both were at it
    expect(results.map(({ cached }) => cached).sort()).toEqual([false, true]);
    expect(results[0]!.folder).toBe(results[1]!.folder);
    expect(engineNames()).toEqual([basename(results[0]!.folder)]);
    expect(listEngines(cacheDir)).toMatchObject([{ component: "large", sharedBytes: 0 }]);
    expect(listEngines(cacheDir)[0]!.damaged).toBe(undefined);
  });

  it("in one process, over a damaged one", async () => {
    const { folder } = await compile(request());
    flip(join(folder, "segment-0.onnx"), 60);
    rmSync(join(folder, "weights.bin"));
    const results = await Promise.all([compile(request()), compile(request())]);
    expect(results.map(({ cached }) => cached).sort()).toEqual([false, true]);
    expect((await compile(request())).cached).toBe(true);
    expect(engineNames()).toEqual([basename(folder)]);
  });
});

describe("a compilation that fails leaves nothing behind", () => {
  it("when it is cancelled between two weights", async () => {
    const controller = new AbortController();
    const done: number[] = [];
    const onEvent = (event: CompileEvent): void => {
      done.push(event.done);
      if (done.length === 2) controller.abort(new Error("enough"));
    };
    const compiling = compile(request({ signal: controller.signal, onEvent }));
    await expect(compiling).rejects.toMatchObject({ code: "SKIPSTEP_CANCELLED", message: "Cancelled: enough" });
    expect(done).toHaveLength(2);
    expect(engineNames()).toEqual([]);
  });

  it("when it was cancelled before", async () => {
    const compiling = compile(request({ signal: AbortSignal.abort(new Error("enough")) }));
    await expect(compiling).rejects.toMatchObject({ code: "SKIPSTEP_CANCELLED" });
    expect(readdirSync(cacheDir)).toEqual([]);
  });

  it("when a plugin throws while it packs a weight", async () => {
    const compiling = compile(
      request({
        graph: packedGraph(() => {
          throw new Error("no such\ncode");
        }),
      }),
    );
    await expect(compiling).rejects.toMatchObject({ code: "SKIPSTEP_PAYLOAD_FAILED" });
    await expect(compiling).rejects.toThrow('Weight "layers.0.codes", uint8 [2000], cannot be stored: no such code');
    expect(engineNames()).toEqual([]);
  });

  it("when a plugin packs a weight into more bytes than it said", async () => {
    const compiling = compile(request({ graph: packedGraph(() => new Uint8Array(2001)) }));
    await expect(compiling).rejects.toMatchObject({ code: "SKIPSTEP_PAYLOAD_SIZE" });
    await expect(compiling).rejects.toThrow("must have 2000 bytes, found 2001");
    expect(engineNames()).toEqual([]);
  });

  it("when the cache cannot be written", async () => {
    const file = join(cacheDir, "file");
    writeFileSync(file, "");
    const compiling = compile(request({ cacheDir: file }));
    await expect(compiling).rejects.toMatchObject({ code: "SKIPSTEP_CACHE_UNWRITABLE" });
    await expect(compiling).rejects.toThrow(/^The engine cache .*file cannot be written: ENOTDIR[^\n]*SKIPSTEP_CACHE/);
  });

  it.runIf(process.platform === "linux")("when the cache cannot be there, without trying for ever", async () => {
    const compiling = compile(request({ cacheDir: "/proc/no/cache" }));
    await expect(compiling).rejects.toMatchObject({ code: "SKIPSTEP_CACHE_UNWRITABLE" });
  });

  it.runIf(canMount())("when the disk is full", async () => {
    const disk = join(cacheDir, "disk");
    mkdirSync(disk);
    expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=128k", "tmpfs", disk]).status).toBe(0);
    try {
      const compiling = compile(request({ cacheDir: disk }));
      await expect(compiling).rejects.toMatchObject({ code: "SKIPSTEP_CACHE_FULL" });
      await expect(compiling).rejects.toThrow(/disk has no room for an engine of 0\.1 MB\. [^\n]*SKIPSTEP_CACHE/);
      expect(readdirSync(join(disk, "engines"))).toEqual([]);
    } finally {
      spawnSync("umount", [disk]);
    }
  });
});

/** True for root where mounting is allowed; elsewhere a cache that cannot be written stands for a full disk. */
function canMount(): boolean {
  const probe = mkdtempSync(join(home, "mount-"));
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=4k", "tmpfs", probe]).status === 0;
  if (isMounted) spawnSync("umount", [probe]);
  return isMounted;
}

/** A graph with one weight that a plugin packs. */
function packedGraph(bytes: () => Uint8Array): Graph {
  const noPlugins: BuildHooks = { weightLoad: () => undefined, attention: () => undefined };
  const g = Graph.create("transformer", memoryWeights({}), noPlugins);
  const codes = g.initializer({ key: "codes", label: "layers.0.codes", byteLength: 2000, bytes }, [2000], "uint8");
  g.output("y", g.add(g.cast(codes, "float32"), g.input("x", [1])));
  return g;
}

describe("a read-only cache", () => {
  it("serves its engines", async () => {
    const disk = join(cacheDir, "disk");
    mkdirSync(disk);
    await compile(request({ cacheDir: disk }));
    if (spawnSync("mount", ["--bind", "-o", "ro", disk, disk]).status !== 0) return;
    try {
      expect((await compile(request({ cacheDir: disk }))).cached).toBe(true);
      await expect(compile(cutRequest({ cacheDir: disk }))).rejects.toMatchObject({
        code: "SKIPSTEP_CACHE_UNWRITABLE",
      });
    } finally {
      spawnSync("umount", [disk]);
    }
  });
});

describe("leftovers", () => {
  it("of killed processes are removed after a day", async () => {
    const engines = join(cacheDir, "engines");
    const [old, recent] = ["a.1.x.tmp", "b.1.x.tmp"].map((name) => join(engines, name));
    const day = 24 * 60 * 60;
    for (const [path, age] of [
      [old!, day + 60],
      [recent!, day - 60],
    ] as const) {
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, "weights.bin"), "123");
      utimesSync(path, Date.now() / 1000, Date.now() / 1000 - age);
    }
    const { key } = await compile(request());
    expect(engineNames().sort()).toEqual([key, "b.1.x.tmp"].sort());
    expect(listEngines(cacheDir)).toHaveLength(1);
  });
});

describe("listEngines", () => {
  it("is empty without a cache", () => {
    expect(listEngines(join(cacheDir, "none"))).toEqual([]);
  });

  it("tells what each is, and counts shared weights once", async () => {
    const [plain, cut] = [await compile(request()), await compile(cutRequest())];
    setUsed(plain, 100);
    setUsed(cut, 200);
    const [first, second] = listEngines(cacheDir);
    expect(first).toEqual({
      key: cut.key,
      folder: cut.folder,
      component: "transformer",
      className: "BlockModel",
      source: "/models/blocks",
      plugins: ["fbcache"],
      parameters: width + outWidth * width + layers * (width * width + width),
      created: expect.any(Date),
      lastUsed: new Date(200_000),
      bytes: sizeOf(cut.folder),
      sharedBytes: 0,
    });
    const weights = statSync(join(plain.folder, "weights.bin")).size;
    expect(second).toMatchObject({ key: plain.key, bytes: sizeOf(plain.folder) - weights, sharedBytes: weights });
    await compile(request());
    expect(listEngines(cacheDir)[0]).toMatchObject({ key: plain.key }); // used just now
    expect(Date.now() - listEngines(cacheDir)[0]!.lastUsed.getTime()).toBeLessThan(10_000);
  });

  it("says what is damaged", async () => {
    const [a, b, c] = [
      await compile(request()),
      await compile(request({ identity: "2".repeat(64) })),
      await compile(request({ identity: "3".repeat(64) })),
    ];
    truncateSync(join(a.folder, "engine.json"), 30);
    truncateSync(join(b.folder, "weights.bin"), 30);
    const damaged = new Map(listEngines(cacheDir).map((engine) => [engine.key, engine.damaged]));
    expect(damaged.get(a.key)).toBe("engine.json is not as it was written");
    expect(damaged.get(b.key)).toMatch(/^weights\.bin has not its \d+ bytes$/);
    expect(damaged.get(c.key)).toBe(undefined);
  });
});

function sizeOf(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

/** @param seconds since 1970 */
function setUsed({ folder }: CompiledEngine, seconds: number): void {
  utimesSync(join(folder, "engine.json"), seconds, seconds);
}

describe("clearEngines", () => {
  it("removes all, and counts what the disk gets back", async () => {
    const [plain, cut] = [await compile(request()), await compile(cutRequest())];
    const weights = statSync(join(plain.folder, "weights.bin")).size;
    const expected = sizeOf(plain.folder) + sizeOf(cut.folder) - weights;
    const { engines, bytes } = clearEngines({ cacheDir });
    expect(engines.map(({ key }) => key).sort()).toEqual([plain.key, cut.key].sort());
    expect(bytes).toBe(expected);
    expect(engineNames()).toEqual([]);
  });

  it("removes one by its key, and leaves the weights to the other", async () => {
    const [plain, cut] = [await compile(request()), await compile(cutRequest())];
    const expected = sizeOf(plain.folder) - statSync(join(plain.folder, "weights.bin")).size;
    expect(clearEngines({ cacheDir, key: plain.key.slice(0, 12) })).toMatchObject({
      engines: [{ key: plain.key }],
      bytes: expected,
    });
    expect(existsSync(plain.folder)).toBe(false);
    const again = await compile(cutRequest());
    expect(again.cached).toBe(true);
    expectClose(await run(again, planGraph(blockGraph(layers), cuts)), blockModel(layers, x));
    expect(statSync(join(cut.folder, "weights.bin")).nlink).toBe(1);
  });

  it("removes those that were not used for a time", async () => {
    const [plain, cut] = [await compile(request()), await compile(cutRequest())];
    setUsed(plain, Date.now() / 1000 - 100);
    setUsed(cut, Date.now() / 1000 - 10);
    expect(clearEngines({ cacheDir, olderThanMs: 60_000 }).engines).toMatchObject([{ key: plain.key }]);
    expect(engineNames()).toEqual([cut.key]);
  });

  it("refuses a key that no engine has, or several", async () => {
    await compile(request());
    await compile(cutRequest());
    const clear = (key: string) => () => clearEngines({ cacheDir, key });
    expect(clear("xyz")).toThrow(expect.objectContaining({ code: "SKIPSTEP_ENGINE_UNKNOWN" }));
    expect(clear("xyz")).toThrow(/^No engine's key begins with "xyz"/);
    expect(clear("")).toThrow(/^The keys of 2 engines begin with ""/);
    expect(engineNames()).toHaveLength(2);
  });
});

describe("the cache folder", () => {
  const home = "/home/ada";

  it.each([
    ["linux", {}, "/home/ada/.cache/skipstep"],
    ["linux", { XDG_CACHE_HOME: "/var/cache" }, "/var/cache/skipstep"],
    ["linux", { XDG_CACHE_HOME: "relative" }, "/home/ada/.cache/skipstep"],
    ["linux", { XDG_CACHE_HOME: "" }, "/home/ada/.cache/skipstep"],
    ["linux", { SKIPSTEP_CACHE: "/data/engines", XDG_CACHE_HOME: "/var/cache" }, "/data/engines"],
    ["linux", { SKIPSTEP_CACHE: "" }, "/home/ada/.cache/skipstep"],
    ["darwin", { XDG_CACHE_HOME: "/var/cache" }, "/home/ada/Library/Caches/skipstep"],
  ] as const)("on %s with %o is %s", (platform, env, expected) => {
    expect(defaultCacheDir({ platform, env, home })).toBe(expected);
  });

  it("on Windows is in LOCALAPPDATA", () => {
    const windows = { platform: "win32", home: "C:\\Users\\ada" } as const;
    expect(defaultCacheDir({ ...windows, env: { LOCALAPPDATA: "D:\\local" } })).toBe("D:\\local\\skipstep");
    expect(defaultCacheDir({ ...windows, env: {} })).toBe("C:\\Users\\ada\\AppData\\Local\\skipstep");
  });
});
