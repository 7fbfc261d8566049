import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkWritable, writeWhole } from "../src/write-file";
import { root, skipstep } from "./skipstep";
import { temporaryFolder } from "./temporary-folder";

const folder = temporaryFolder();

function inFolder(name: string): string {
  return path.join(folder.path, name);
}

function heart(out: string, ...args: string[]): ReturnType<typeof skipstep> {
  const config = path.join(root, "configs/emoji.json");
  return skipstep(
    "generate",
    config,
    "--prompt",
    "heart",
    "--out",
    out,
    "--set",
    "generate.num_inference_steps=2",
    ...args,
  );
}

describe("output that cannot be written", () => {
  it("is told before the model is compiled", async () => {
    writeFileSync(inFolder("file"), "");
    for (const [out, reason] of [
      [inFolder("file/heart.png"), "a file is where a folder must be"],
      [inFolder("file"), "a file is where a folder must be"],
      ...(process.platform === "linux" ? [["/proc/none/heart.png", "there is no such file"] as const] : []),
      [inFolder("heart.avif"), "images are written as .png, .jpg, .jpeg, .webp"],
    ] as const) {
      const { exitCode, stdout, stderr } = await heart(out);
      expect({ exitCode, stdout }).toEqual({ exitCode: 7, stdout: "" });
      expect(stderr).toMatch(/^SKIPSTEP_OUTPUT_UNWRITABLE .*\n$/);
      expect(stderr).toContain(reason);
    }
    expect(existsSync(inFolder("cache"))).toBe(false);
  });

  it("leaves no folder behind when it was only tried", () => {
    checkWritable(inFolder("a/b/heart.png"), 10);
    expect(existsSync(inFolder("a"))).toBe(false);
    mkdirSync(inFolder("a"));
    checkWritable(inFolder("a/b/heart.png"), 10);
    expect(readdirSync(inFolder("a"))).toEqual([]);
  });
});

describe.skipIf(!canMount())("a full disk (needs root and mount)", () => {
  const disk = (): string => inFolder("disk");

  beforeAll(() => {
    mkdirSync(disk());
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk()]);
  });
  afterAll(() => execFileSync("umount", [disk()]));

  it("keeps the cache from being written: SKIPSTEP_CACHE_FULL", async () => {
    const { exitCode, stderr } = await heart(inFolder("heart.png"), "--cache", path.join(disk(), "cache"));
    expect(exitCode).toBe(6);
    expect(stderr).toMatch(/^SKIPSTEP_CACHE_FULL .* has no room for an engine of 3\.7 MB.*\n$/);
    expect(existsSync(inFolder("heart.png"))).toBe(false);
    const { bavail, blocks } = statfsSync(disk());
    expect(bavail / blocks).toBeGreaterThan(0.9);
  });

  it("still takes an image while there is room, and refuses before the run when there is none", async () => {
    rmSync(path.join(disk(), "cache"), { recursive: true, force: true });
    expect(await heart(path.join(disk(), "heart.png"))).toMatchObject({ exitCode: 0 });
    const { bavail, bsize } = statfsSync(disk());
    writeFileSync(path.join(disk(), "filling"), Buffer.alloc(bavail * bsize));
    const { exitCode, stderr } = await heart(path.join(disk(), "second.png"), "--cache", inFolder("other-cache"));
    expect(exitCode).toBe(7);
    expect(stderr).toBe(
      `SKIPSTEP_OUTPUT_UNWRITABLE ${path.join(disk(), "second.png")} cannot be written: the disk is full.\n`,
    );
    expect(existsSync(inFolder("other-cache"))).toBe(false);
    expect(() => writeWhole(path.join(disk(), "late.png"), Buffer.alloc(1000))).toThrow(/the disk is full/);
    expect(readdirSync(disk()).sort()).toEqual(["filling", "heart.png"]);
  });
});

function canMount(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    const probe = execFileSync("mktemp", ["-d"], { encoding: "utf8" }).trim();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", probe], { stdio: "ignore" });
    execFileSync("umount", [probe]);
    rmSync(probe, { recursive: true });
    return true;
  } catch {
    return false; // a container without the right to mount
  }
}
