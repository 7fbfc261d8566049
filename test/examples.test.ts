import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { createPipeline, readRecipe } from "@skipstep/core";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { typescript } from "./built/packages";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "skipstep-examples-"));
const cacheDir = join(folder, "cache");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("has an example here for each folder in examples", () => {
  const folders = readdirSync(join(root, "examples"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual(["family", "plugin", "script"]);
});

describe("examples/script", () => {
  const script = [...typescript, join(root, "examples/script/generate.ts")];
  const env = { ...process.env, SKIPSTEP_CACHE: cacheDir };

  it("writes a picture, and says what was saved", async () => {
    const file = join(folder, "heart.png");
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [...script, "red heart", file], { env });
    expect(stdout).toMatch(/^step 1 of 20, [\d.]+ s left\n/);
    expect(stdout).toMatch(
      /\nfbcache: reused 11 of 20 steps, saved -?\d+% of denoiser time \(\d+% of FLOPs skipped, \d+% realised\)\n/,
    );
    expect(stderr).toBe("");
    const { info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 128, height: 128, channels: 3 });
    expect(readRecipe(readFileSync(file), file).config.generate.prompt).toEqual(["red heart"]);
  });

  it("ends at Ctrl-C with the error's code", async () => {
    const child = spawn(process.execPath, [...script, "red heart", join(folder, "none.png")], { env });
    const errors = text(child);
    for await (const line of createInterface(child.stdout!)) if (line.startsWith("step 3 of")) child.kill("SIGINT");
    const code = child.exitCode ?? (await new Promise((resolve) => child.once("exit", resolve)));
    expect(await errors).toMatch(/^SKIPSTEP_CANCELLED Cancelled: Ctrl-C\n$/);
    expect(code).toBe(1);
    expect(readdirSync(folder)).not.toContain("none.png");
  });
});

describe("examples/plugin", () => {
  it("is found by its short name from a config that lies in its package", async () => {
    const pipeline = await createPipeline(join(root, "examples/plugin/emoji.json"), {
      cacheDir,
      overrides: ["strict=true", "generate.num_inference_steps=4"],
    });
    const { report } = await pipeline.generate({ prompt: "red heart" });
    await pipeline.close();
    expect(report.plugins).toMatchObject([
      { name: "every-nth", summary: expect.stringMatching(/^reused 2 of 4 steps/) },
    ]);
  });
});

/** All that a child writes to stderr. */
async function text({ stderr }: ChildProcess): Promise<string> {
  let all = "";
  for await (const part of stderr!) all += String(part);
  return all;
}
