import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fileDigest } from "../src/disk/file-digest";
import { Weights } from "../src/weights/checkpoint/weights";
import { freeDescriptors, safetensors, temporaryFolder, thrown, vector, write } from "./checkpoint-files";

const root = temporaryFolder();
const longAgo = new Date("2020-02-02T02:02:02.123Z");
let count = 0;

/** A component of one tensor, written long ago, and a cache folder that is not there yet. */
function place(...values: number[]): { folder: string; file: string; cache: string; notes: string } {
  const folder = join(root, String(count++));
  const file = write(join(folder, "model.safetensors"), safetensors({ a: vector(...values) }));
  utimesSync(file, longAgo, longAgo);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 15); // until its ctime is settled
  const cache = join(folder, "cache", "deep");
  return { folder, file, cache, notes: join(cache, "checkpoints.json") };
}

function identityOf(folder: string, cache: string): string {
  const weights = Weights.open(folder);
  try {
    return weights.identity(cache);
  } finally {
    weights.close();
  }
}

const sha256 = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex");

describe("identity", () => {
  it("follows the content, not the place", () => {
    const [one, same, other] = [place(1), place(1), place(2)];
    expect(identityOf(one.folder, one.cache)).toBe(sha256(sha256(readFileSync(one.file))));
    expect(identityOf(same.folder, one.cache)).toBe(identityOf(one.folder, one.cache));
    expect(identityOf(other.folder, one.cache)).not.toBe(identityOf(one.folder, one.cache));
  });

  it("covers every shard and the index", () => {
    const folder = join(root, "shards");
    const index = (map: Record<string, string>) =>
      write(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: map }));
    write(join(folder, "1.safetensors"), safetensors({ a: vector(1), both: vector(2) }));
    write(join(folder, "2.safetensors"), safetensors({ b: vector(1), both: vector(3) }));
    const identities = [
      () => index({ a: "1.safetensors", both: "1.safetensors", b: "2.safetensors" }),
      () => index({ a: "1.safetensors", both: "2.safetensors", b: "2.safetensors" }),
      () => write(join(folder, "2.safetensors"), safetensors({ b: vector(1), both: vector(4) })),
    ].map((change) => {
      change();
      return identityOf(folder, join(root, "cache"));
    });
    expect(new Set(identities).size).toBe(3);
  });

  it("refuses a file that changed since it was opened", () => {
    const { folder, file, cache } = place(1);
    const weights = Weights.open(folder);
    writeFileSync(file, safetensors({ a: vector(2) }));
    expect(thrown(() => weights.identity(cache))).toBe(
      `SKIPSTEP_WEIGHTS_CHANGED: ${file} changed while it was in use. Run again.`,
    );
    weights.close();
  });
});

describe("hashes", () => {
  it("are right for files longer than one piece", () => {
    const file = write(join(root, "long"), Buffer.alloc(9_000_001, "skipstep"));
    const before = freeDescriptors(file);
    expect(fileDigest(file, join(root, "cache")).sha256).toBe(sha256(readFileSync(file)));
    expect(freeDescriptors(file)).toEqual(before);
  });
});

describe("noted hashes", () => {
  it("spare reading a file that is as it was", () => {
    const { file, cache, notes } = place(1);
    const { sha256: right, stamp } = fileDigest(file, cache);
    expect(JSON.parse(readFileSync(notes, "utf8"))).toEqual({ [file]: { ...stamp, sha256: right } });

    const planted = "f".repeat(64); // shows where an answer comes from
    writeFileSync(notes, readFileSync(notes, "utf8").replace(right, planted));
    expect(fileDigest(file, cache).sha256).toBe(planted);
    expect(fileDigest(file, join(root, "other cache")).sha256).toBe(right);
  });

  it.each<[string, (file: string) => void]>([
    ["time", (file) => utimesSync(file, longAgo, new Date(longAgo.getTime() + 1))],
    [
      "size",
      (file) => {
        writeFileSync(file, safetensors({ a: vector(1, 2) }));
        utimesSync(file, longAgo, longAgo);
      },
    ],
    [
      "inode",
      (file) => {
        const other = write(`${file}.new`, safetensors({ a: vector(2) }));
        utimesSync(other, longAgo, longAgo);
        renameSync(other, file);
      },
    ],
    [
      "content, with size and time kept",
      (file) => {
        const { atime, mtime } = statSync(file);
        writeFileSync(file, safetensors({ a: vector(2) }));
        utimesSync(file, atime, mtime);
      },
    ],
  ])("do not count for a file of another %s", (_, change) => {
    const { file, cache, notes } = place(1);
    const { sha256: right } = fileDigest(file, cache);
    writeFileSync(notes, readFileSync(notes, "utf8").replace(right, "f".repeat(64)));
    change(file);
    expect(fileDigest(file, cache).sha256).toBe(sha256(readFileSync(file)));
  });

  it("are not kept of a file that was changed this moment and says otherwise", () => {
    const { file, cache, notes } = place(1);
    utimesSync(file, longAgo, longAgo);
    fileDigest(file, cache);
    expect(existsSync(notes)).toBe(false);
  });

  it("are not kept of a file that was written this moment, as its next change could have the same time", () => {
    const { file, cache, notes } = place(1);
    utimesSync(file, new Date(), new Date());
    expect(fileDigest(file, cache).sha256).toBe(sha256(readFileSync(file)));
    expect(existsSync(notes)).toBe(false);
  });

  it("forget files that are gone, and keep the others", () => {
    const [one, two] = [place(1), place(2)];
    fileDigest(one.file, one.cache);
    const noted = JSON.parse(readFileSync(one.notes, "utf8"));
    writeFileSync(one.notes, JSON.stringify({ ...noted, "/gone": noted[one.file] }));
    fileDigest(two.file, one.cache);
    expect(Object.keys(JSON.parse(readFileSync(one.notes, "utf8")))).toEqual([one.file, two.file]);
  });

  it.each([
    ["cut off", (text: string) => text.slice(0, -20)],
    ["empty", () => ""],
    ["a list", () => "[1]"],
    ["of another form", (text: string) => text.replace(/"size": \d+/, '"size": "big"')],
    ["without a hash", (text: string) => text.replace(/"sha256": ".*"/, '"sha256": "beef"')],
  ])("that are %s are written anew", (_, damage) => {
    const { file, cache, notes } = place(1);
    fileDigest(file, cache);
    const whole = readFileSync(notes, "utf8");
    writeFileSync(notes, damage(whole));
    expect(fileDigest(file, cache).sha256).toBe(sha256(readFileSync(file)));
    expect(readFileSync(notes, "utf8")).toBe(whole);
    expect(readdirSync(cache)).toEqual(["checkpoints.json"]); // no temporary file is left
  });

  it("are done without when the cache folder cannot be written", () => {
    const { file, folder } = place(1);
    const cache = write(join(folder, "a file"), "");
    expect(fileDigest(file, cache).sha256).toBe(sha256(readFileSync(file)));
    expect(statSync(cache).size).toBe(0);
  });

  it("find a file by its real path", () => {
    const { file, cache, notes } = place(1);
    fileDigest(join(file, "..", "..", String(count - 1), "model.safetensors"), cache);
    expect(Object.keys(JSON.parse(readFileSync(notes, "utf8")))).toEqual([file]);
  });

  it("say when the file is gone", () => {
    expect(thrown(() => fileDigest(join(root, "gone"), root))).toMatch(
      /^SKIPSTEP_WEIGHTS_UNREADABLE: .*gone cannot be read: ENOENT/,
    );
  });
});
