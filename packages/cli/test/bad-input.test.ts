import { cpSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ConfigProblem } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { root, skipstep, skipstepJson } from "./skipstep";
import { temporaryFolder } from "./temporary-folder";

interface Failed {
  readonly error: { readonly code: string; readonly message: string; readonly problems?: readonly ConfigProblem[] };
}

const folder = temporaryFolder();
const plain = path.join(root, "configs/emoji.json");

function inFolder(name: string): string {
  return path.join(folder.path, name);
}

/** Generates a heart in two steps. */
function heart(...args: string[]): ReturnType<typeof skipstep> {
  const out = inFolder("heart.png");
  return skipstep(
    "generate",
    plain,
    "--prompt",
    "heart",
    "--out",
    out,
    "--set",
    "generate.num_inference_steps=2",
    ...args,
  );
}

/** A copy of the shipped model. @returns its folder, and the transformer's file of weights */
function copyModel(name: string): { model: string; weights: string } {
  const model = inFolder(name);
  cpSync(path.join(root, "models/emoji"), model, { recursive: true });
  return { model, weights: path.join(model, "transformer/diffusion_pytorch_model.safetensors") };
}

describe("a wrong config", () => {
  it("is told with all its mistakes, one a line, where they stand", async () => {
    const file = inFolder("mistakes.json");
    const model = JSON.stringify(path.join(root, "models/emoji"));
    writeFileSync(
      file,
      `{\n  "model": ${model},\n  "generate": {\n    "height": 1.5,\n    "stepz": 4\n  },\n  "strict": "yes"\n}\n`,
    );
    const { exitCode, stdout, stderr } = await skipstep("validate", file);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    const lines = stderr.trimEnd().split("\n");
    expect(lines.map((line) => line.replaceAll(file, "FILE").split(/ (?:must|has)/)[0]).sort()).toEqual([
      "SKIPSTEP_CONFIG_INVALID FILE:4:5 /generate/height",
      "SKIPSTEP_CONFIG_INVALID FILE:5:5 /generate",
      "SKIPSTEP_CONFIG_INVALID FILE:7:3 /strict",
    ]);
    const json = await skipstepJson<Failed>("validate", file);
    expect(json.exitCode).toBe(3);
    expect(json.stderr).toBe("");
    expect(json.document.error).toMatchObject({ code: "SKIPSTEP_CONFIG_INVALID" });
    expect(json.document.error.problems!.map(({ line }) => line).sort()).toEqual([4, 5, 7]);
  });

  it.each([
    [
      "a plugin that is not installed",
      ["--set", 'plugins=["fbcash"]'],
      5,
      /^SKIPSTEP_PLUGIN_UNKNOWN .*Did you mean "fbcache"\?/,
    ],
    ["an unknown provider", ["--set", "device=cpuu"], 6, /^SKIPSTEP_PROVIDER_UNAVAILABLE .*Available here: cpu/],
    [
      "a height of 100",
      ["--set", "generate.height=100"],
      3,
      /^SKIPSTEP_CONFIG_INVALID .*height must be a multiple of 16, found 100; nearest: 96/,
    ],
    [
      "a seed of 2^53",
      ["--seed", "9007199254740992"],
      3,
      /^SKIPSTEP_CONFIG_INVALID --seed must be an integer from 0 to 2\^53 - 1/,
    ],
    ["a seed that is no number", ["--seed", "x"], 3, /^SKIPSTEP_CONFIG_INVALID --seed must be an integer .*found "x"/],
    ["a model that is not there", ["--set", "model=/nowhere"], 4, /^SKIPSTEP_CHECKPOINT_MISSING .*\/nowhere/],
    ["an override that is none", ["--set", "seed"], 3, /^SKIPSTEP_CONFIG_INVALID --set seed must look like/],
    ["zero threads", ["--threads", "0"], 2, /^SKIPSTEP_USAGE .*whole number from 1/],
    ["an unknown option", ["--promt", "x"], 2, /^SKIPSTEP_USAGE unknown option '--promt' \(Did you mean --prompt\?\)/],
  ])("fails in one line for %s", async (_, args, exitCode, line) => {
    const outcome = await heart(...args);
    expect(outcome).toMatchObject({ exitCode, stdout: "" });
    expect(outcome.stderr).toMatch(line);
    expect(outcome.stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  it("fails before anything is compiled when there is no prompt", async () => {
    const cache = inFolder("untouched");
    const outcome = await skipstep("generate", plain, "--cache", cache);
    expect(outcome.exitCode).toBe(3);
    expect(outcome.stderr).toMatch(/^SKIPSTEP_REQUEST_INVALID generate: .*prompt is needed/);
    expect(readdirSync(folder.path)).not.toContain("untouched");
  });

  it("fails without config, with a missing one, and with an image without recipe", async () => {
    expect(await skipstep("generate")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^SKIPSTEP_USAGE Give a config/),
    });
    expect(await skipstep("validate", "nowhere.json")).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/^SKIPSTEP_CONFIG_UNREADABLE/),
    });
    expect(await skipstep("recipe", plain)).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/^SKIPSTEP_RECIPE_MISSING/),
    });
    expect(await skipstep("recipe", "nowhere.png")).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/^SKIPSTEP_RECIPE_MISSING nowhere.png cannot be read: there is no such file/),
    });
    expect(await skipstep()).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining("Exit codes:") });
  });
});

describe("a damaged model or cache", () => {
  it("is an error when a file of weights is cut off", async () => {
    const { model, weights } = copyModel("truncated");
    truncateSync(weights, 6_000_000);
    const { exitCode, stderr } = await heart("--set", `model=${model}`);
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/^SKIPSTEP_WEIGHTS_TRUNCATED .*diffusion_pytorch_model\.safetensors is cut off: tensor "/);
  });

  it("is a warning when the weights have a NaN", async () => {
    const { model, weights } = copyModel("nan");
    const file = readFileSync(weights);
    const headerLength = Number(file.readBigUInt64LE(0));
    const header = JSON.parse(file.toString("utf8", 8, 8 + headerLength)) as Record<
      string,
      { data_offsets: [number, number] }
    >;
    const tensor = Object.keys(header).find((name) => /^layers\.3\..*to_q\.weight$/.test(name))!;
    file.writeUInt16LE(0x7e00, 8 + headerLength + header[tensor]!.data_offsets[0]); // a float16 NaN
    writeFileSync(weights, file);
    const { exitCode, stderr } = await heart("--set", `model=${model}`);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      `warning: transformer has 1 tensor with values that are not finite: ${tensor} (1 NaN, 0 infinite)`,
    );
    expect(stderr).toContain("warning: The latents are not finite after step 1 of 2");
  });

  it("repairs an engine whose weights are cut off, and says so", async () => {
    expect(await heart()).toMatchObject({ exitCode: 0, stderr: "" });
    const engines = inFolder("cache/engines");
    const weights = readdirSync(engines).map((name) => path.join(engines, name, "weights.bin"));
    for (const file of weights) truncateSync(file, 1000);
    const listed = await skipstep("engines");
    expect(listed.stdout).toContain("(damaged: weights.bin");
    const { exitCode, stderr } = await heart();
    expect(exitCode).toBe(0);
    expect(stderr.trimEnd().split("\n")).toHaveLength(3);
    expect(stderr).toMatch(/^warning: The cached engine of text_encoder was damaged \(weights\.bin has 1000 bytes/);
    expect(await heart()).toMatchObject({ exitCode: 0, stderr: "" });
  });
});
