import { appendFileSync, mkdirSync, readFileSync, utimesSync } from "node:fs";
import path from "node:path";
import type { Inspection, InstalledPlugin, Recipe } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { root, skipstep, skipstepJson } from "./skipstep";
import { temporaryFolder } from "./temporary-folder";

const folder = temporaryFolder();
const fast = path.join(root, "configs/emoji-fast.json");

function inFolder(name: string): string {
  return path.join(folder.path, name);
}

describe("validate", () => {
  it("says what it recognised", async () => {
    const { exitCode, stdout, stderr } = await skipstep("validate", fast, "--set", "generate.seed=7");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const lines = stdout.split("\n");
    expect(lines[0]).toBe(`ok ${fast}`);
    expect(lines).toContain(
      "plugin     fbcache 0.1.0: threshold 0.12, rule para_attn, warmup_steps 0, taylorseer_order 0",
    );
    expect(stdout).toContain("seed 7");
    const { document } = await skipstepJson<Record<string, unknown>>("validate", fast);
    expect(document).toMatchObject({ ok: true, file: fast, plugins: [{ name: "fbcache" }], config: { device: "cpu" } });
  });
});

describe("inspect", () => {
  it("shows components, segments and what plugins hook, in columns", async () => {
    const { exitCode, stdout } = await skipstep("inspect", fast);
    expect(exitCode).toBe(0);
    const lines = stdout.split("\n");
    expect(lines[0]).toBe(`ZImagePipeline in ${path.join(root, "models/emoji")}`);
    const [head, ...components] = lines.slice(2, 6);
    expect(components.map((line) => line.indexOf(line.split(/ +/)[1]!))).toEqual(Array(3).fill(head!.indexOf("class")));
    expect(stdout).toMatch(/^transformer\/4 +cpu +198 +10\.6 MB +10 +1 {2}layers\.1 to layers\.6$/m);
    expect(stdout).toMatch(
      /^transformer +self +MultiHeadAttention +core +9 {2}noise_refiner\.0\.attention to layers\.6\.attention$/m,
    );
    expect(stdout).toMatch(/^ {2}region +rest: layers\.1 to layers\.6$/m);
    expect(lines).toContain(`vae           diffusers  safetensors  file    ${path.join(root, "models/emoji/vae")}`);
    expect(stdout).toMatch(/^denoiser +ZImageTransformer2DModel: 7 layers/m);
    const { document } = await skipstepJson<Inspection>("inspect", fast);
    expect(document.components.map(({ name }) => name)).toEqual(["text_encoder", "transformer", "vae"]);
  });
});

describe("plugins", () => {
  it("lists those that a folder's configs could use", async () => {
    const { stdout } = await skipstep("plugins", path.join(root, "configs"));
    expect(stdout).toMatch(/^@skipstep\/plugin-fbcache +\d+\.\d+\.\d+ {2}First Block Cache/m);
    const { document } = await skipstepJson<InstalledPlugin[]>("plugins", fast);
    expect(document.map(({ name }) => name)).toContain("@skipstep/plugin-fbcache");
  });

  it("says when there are none, and when there is no such folder", async () => {
    expect((await skipstep("plugins", folder.path)).stdout).toBe(`No plugins are installed for ${folder.path}.\n`);
    expect(await skipstep("plugins", inFolder("nowhere"))).toMatchObject({ exitCode: 2, stdout: "" });
  });
});

describe("schema", () => {
  it("prints or writes the schema with the plugins' options", async () => {
    const { stdout } = await skipstep("schema", path.join(root, "configs"));
    expect(stdout).toContain('"warmup_steps"');
    const out = inFolder("schema/pipeline.schema.json");
    expect(await skipstep("schema", path.join(root, "configs"), "--out", out)).toMatchObject({ stdout: `${out}\n` });
    expect(readFileSync(out, "utf8")).toBe(stdout);
  });
});

describe("recipe and engines", () => {
  it("show how an image was made, and what its compilation left", async () => {
    const out = inFolder("heart.png");
    await skipstep("generate", fast, "--prompt", "red heart", "--out", out, "--set", "generate.num_inference_steps=3");
    const { stdout } = await skipstep("recipe", out);
    expect(stdout).toMatch(/^prompt +red heart$/m);
    expect(stdout).toMatch(/^settings .*num_inference_steps 3.*seed 42/m);
    expect(stdout).toMatch(/^versions .*@skipstep\/core \d/m);
    const { document } = await skipstepJson<Recipe>("recipe", out);
    expect(document).toMatchObject({ recipe: 2, image: 0, config: { generate: { prompt: ["red heart"] } } });

    const listed = await skipstep("engines");
    expect(listed.stdout).toMatch(
      /^[0-9a-f]{12} +23\.\d MB {2}just now +transformer +ZImageTransformer2DModel +fbcache /m,
    );
    expect(listed.stdout).toMatch(new RegExp(`^3 engines in ${inFolder("cache")}, \\d+\\.\\d MB$`, "m"));
    interface Engines {
      readonly engines: { readonly key: string; readonly component: string }[];
      readonly bytes: number;
    }
    const { engines, bytes } = (await skipstepJson<Engines>("engines", "list")).document;
    expect(bytes).toBeGreaterThan(30e6);

    const leftover = inFolder("cache/engines/0f3b.1-1-00000000-00000000.0f3b9c52.tmp"); // of another host
    mkdirSync(leftover);
    expect((await skipstep("engines")).stdout).toMatch(/^being written: 1 engine, 0 B$/m);
    utimesSync(leftover, 1e9, 1e9);
    expect((await skipstep("engines")).stdout).toMatch(
      /^left unfinished by killed processes: 1 engine, 0 B; "skipstep engines clear" removes them$/m,
    );
    expect((await skipstep("engines", "clear", "--older-than", "1h")).stdout).toMatch(
      /^removed 0 engines and 1 left unfinished from .*, freed 0 B$/m,
    );
    expect((await skipstep("engines", "clear", "--older-than", "1h")).stdout).toMatch(
      /^removed 0 engines .*, freed 0 B$/m,
    );
    expect((await skipstep("engines", "verify")).stdout).toMatch(/^3 engines in .*, as they were written$/m);
    const { key } = engines.find(({ component }) => component === "vae")!;
    const cleared = await skipstep("engines", "clear", "--key", key.slice(0, 8));
    expect(cleared.stdout).toMatch(/^removed 1 engine from .*, freed 5\.\d MB$/m);
    const damaged = engines.find(({ component }) => component === "text_encoder")!.key;
    appendFileSync(path.join(inFolder("cache/engines"), damaged, "segment-0.onnx"), " ");
    expect(await skipstep("engines", "verify")).toEqual({
      exitCode: 6,
      stdout: "",
      stderr: `SKIPSTEP_CACHE_DAMAGED 1 of 2 engines in ${inFolder("cache")} were damaged and have been removed; they are compiled again when they are needed: ${damaged.slice(0, 12)} text_encoder: segment-0.onnx is not as it was written.\n`,
    });
    const rest = await skipstepJson<{ removed: object[]; bytes: number }>("engines", "clear");
    expect(rest.document.removed).toHaveLength(1);
    expect((await skipstep("engines")).stdout).toBe(`0 engines in ${inFolder("cache")}, 0 B\n`);
    expect(await skipstep("engines", "clear", "--key", "00")).toMatchObject({ exitCode: 6 });
    expect((await skipstep("engines", "verify")).stdout).toMatch(/^0 engines in .*, as they were written$/m);
    expect(await skipstep("engines", "--older-than", "soon")).toMatchObject({ exitCode: 2 });
  });
});
