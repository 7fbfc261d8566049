import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { safetensors } from "@skipstep/contract/graph";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { outcomeOf, root, skipstep, skipstepJson, startSkipstep } from "./skipstep";

/** Where plugins are found that the repository has. */
const folder = mkdtempSync(path.join(root, "node_modules/.quantize-"));
process.env.SKIPSTEP_CACHE = path.join(folder, "cache");
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const model = path.join(root, "packages/contract/models/z-image");
const config = path.join(folder, "config.json");

beforeAll(() => {
  const generate = { prompt: "a cat", guidance_scale: 0, height: 32, width: 32 };
  writeFileSync(config, JSON.stringify({ model, generate }));
});

function inFolder(name: string): string {
  return path.join(folder, name);
}

/** A file with one weight of so many rows. */
function weights(name: string, rows: number): string {
  const file = inFolder(name);
  const values = Float32Array.from({ length: rows * 256 }, (_, i) => Math.sin(i));
  writeFileSync(file, safetensors({ "blocks.0.to_q.weight": { dtype: "float32", shape: [rows, 256], bytes: values } }));
  return file;
}

describe("skipstep quantize", () => {
  it("writes the model that draws, named after what it is, and a config can use it", async () => {
    const out = path.join(inFolder("new"), "/");
    const { exitCode, stdout, stderr } = await skipstep(
      "quantize",
      config,
      "--to",
      "gguf",
      "--type",
      "Q8_0",
      "--out",
      out,
    );
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/^(quantize \d+ % .*\n)+warning: 6 tensors are F16 and not Q8_0/),
    });
    const file = inFolder("new/transformer-Q8_0.gguf");
    const [first, second, third] = stdout.split("\n");
    expect(first).toBe(file);
    expect(second).toMatch(/^ZImageTransformer2DModel, \d+\.\d MB, \d+\.\d s$/);
    expect(third).toMatch(/^\d+ tensors: \d+ as F16 \(error \S+ %\), \d+ as F32, \d+ as Q8_0 \(error 0\.\d+ %\)$/);
    expect(readdirSync(inFolder("new"))).toEqual(["transformer-Q8_0.gguf"]);
    const inspected = await skipstep(
      ...["inspect", config, "--set", `components.transformer=${file}`, "--set", 'plugins=["gguf"]'],
    );
    expect(inspected.stdout).toMatch(/transformer +diffusers +gguf +file/);
    expect(inspected.stdout).toMatch(/stored +transformer: \d+ Q8_0 in 8 bits/);
  });

  it("writes another component, by rules, and says all with --json", async () => {
    const { document } = await skipstepJson<Record<string, unknown>>(
      ...["quantize", model, "--to", "gguf", "--component", "text_encoder"],
      ...["--rule", "*.mlp.*=Q4_0", "--type", "F16", "--out", inFolder("text.gguf")],
    );
    expect(document).toMatchObject({
      file: inFolder("text.gguf"),
      component: "text_encoder",
      class_name: "Qwen3ForCausalLM",
      plugin: "gguf",
      options: { type: "F16", rules: ["*.mlp.*=Q4_0"] },
      types: { Q4_0: { tensors: expect.any(Number) } },
      warnings: [],
    });
    expect(document.bytes).toBe(statSync(inFolder("text.gguf")).size);
  });

  it("says which type it writes when none is asked for, and how far it is", async () => {
    const out = path.join(inFolder("untold"), "/");
    const { exitCode, stdout, stderr } = await skipstep("quantize", model, "--to", "gguf", "--out", out);
    expect(exitCode).toBe(0);
    expect(stdout.split("\n")[0]).toBe(inFolder("untold/transformer-Q4_K.gguf"));
    const [said, ...lines] = stderr.trimEnd().split("\n");
    expect(said).toMatch(/^no --type: gguf writes Q4_K; there are F32, F16, .*Q8_0.* too$/);
    const shares = lines.filter((line) => line.startsWith("quantize ")).map((line) => Number(line.split(" ")[1]));
    expect(shares.length).toBeGreaterThan(5);
    expect(shares.length).toBeLessThan(13);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
  });

  it.each([
    [
      "an unknown type",
      ["--type", "Q9"],
      3,
      /^SKIPSTEP_CONFIG_INVALID --to gguf \/type must be one of "F32", .*found "Q9"/,
    ],
    ["a rule that is none", ["--rule", "x"], 3, /^SKIPSTEP_GGUF_OPTION Rule "x" does not look like pattern=TYPE/m],
    ["a rule with an unknown type", ["--rule", "x=y"], 3, /names type "y", which is not written/],
    ["an option that the plugin does not take", ["--option", "rank=32"], 3, /has no "rank"\. It takes: type, rules/],
    ["an option that is none", ["--option", "rank"], 2, /^SKIPSTEP_USAGE --option must look like rank=32/],
    ["an unknown component", ["--component", "unet"], 4, /^SKIPSTEP_COMPONENT_MISSING/],
    ["importance that is not there", ["--importance", "nowhere.safetensors"], 4, /^SKIPSTEP_WEIGHTS_UNREADABLE/m],
    ["an output that is a folder's file", ["--out", "/proc/x.gguf"], 7, /^SKIPSTEP_OUTPUT_UNWRITABLE \/proc\/x\.gguf/],
  ])("refuses %s", async (_, args, exitCode, message) => {
    const out = args.includes("--out") ? [] : ["--out", inFolder("refused.gguf")];
    const outcome = await skipstep("quantize", config, "--to", "gguf", ...out, ...args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.exitCode).toBe(exitCode);
    expect(existsSync(inFolder("refused.gguf"))).toBe(false);
  });

  it("refuses a plugin that writes nothing, and one that is not there", async () => {
    expect((await skipstep("quantize", config, "--to", "fbcache")).stderr).toMatch(/^SKIPSTEP_PLUGIN_QUANTIZER/);
    expect((await skipstep("quantize", config, "--to", "gguff")).stderr).toMatch(/^SKIPSTEP_PLUGIN_UNKNOWN/);
  });

  it("refuses what is no model", async () => {
    writeFileSync(inFolder("broken.safetensors"), "x");
    const { exitCode, stderr } = await skipstep("quantize", inFolder("broken.safetensors"), "--to", "gguf");
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(/^SKIPSTEP_WEIGHTS_INVALID/),
    });
  });

  it("stops by Ctrl-C in the middle of a tensor, with nothing half written", async () => {
    const [file, out] = [weights("large.safetensors", 20_000), inFolder("large.gguf")];
    const child = startSkipstep(["quantize", file, "--to", "gguf", "--type", "Q4_K", "--out", out]);
    const outcome = outcomeOf(child);
    const isBegun = (): boolean =>
      readdirSync(folder).some((name) => name.startsWith("large.gguf") && statSync(inFolder(name)).size > 100);
    while (!isBegun()) {
      if (child.exitCode !== null) throw new Error((await outcome).stderr);
      await setTimeout(20);
    }
    child.kill("SIGINT");
    expect(await outcome).toEqual({
      exitCode: 130,
      stdout: "",
      stderr: expect.stringMatching(/^(quantize .*\n)*SKIPSTEP_CANCELLED Cancelled: stopped by Ctrl-C\n$/),
    });
    expect(readdirSync(folder).filter((name) => name.startsWith("large.gguf"))).toEqual([]);
  });

  it.runIf(canMount())("says that the disk is full, and leaves what was there", async () => {
    const disk = inFolder("disk");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]);
    onTestFinished(() => void execFileSync("umount", [disk]));
    const out = path.join(disk, "out.gguf");
    writeFileSync(out, "before");
    const { exitCode, stderr } = await skipstep(
      "quantize",
      weights("wide.safetensors", 1000),
      "--to",
      "gguf",
      "--type",
      "F16",
      "--out",
      out,
    );
    expect(exitCode).toBe(7);
    expect(stderr.split("\n").at(-2)).toBe(`SKIPSTEP_OUTPUT_UNWRITABLE ${out} cannot be written: the disk is full.`);
    expect(readdirSync(disk)).toEqual(["out.gguf"]);
    expect(readFileSync(out, "utf8")).toBe("before");
  });
});

function canMount(): boolean {
  const probe = mkdtempSync("/tmp/skipstep-probe-");
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4k", "tmpfs", probe], { stdio: "ignore" });
    execFileSync("umount", [probe]);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(probe);
  }
}
