import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type CheckedConfig, validateConfig } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { knobsOf, triedKnobs } from "../src/tune/knob";
import { writtenConfig } from "../src/written-config";
import { hasChromium, lensOf, lookAtPage } from "./open-page";
import { root, skipstep, skipstepJson } from "./skipstep";
import { temporaryFolder } from "./temporary-folder";

interface Measured {
  readonly settings: readonly { readonly option: string; readonly value: unknown }[];
  readonly quality: { readonly psnr: number | null };
  readonly speedup: { readonly denoiser: number };
  readonly skipped: number;
}

interface Tuned {
  readonly files: readonly string[];
  readonly chosen: Measured;
  readonly front: readonly Measured[];
  readonly trials: readonly Measured[];
}

const folder = temporaryFolder();
const [plain, fast] = ["configs/emoji.json", "configs/emoji-fast.json"].map((file) => path.join(root, file)) as [
  string,
  string,
];
const small = ["--prompt", "red heart", "--count", "1", "--set", "generate.num_inference_steps=8"];

function inFolder(name: string): string {
  return path.join(folder.path, name);
}

describe("tune", () => {
  it("writes a config that meets the target when it is drawn with again, and the front", async () => {
    const out = inFolder("new/tuned.json");
    const { document, exitCode, stderr } = await skipstepJson<Tuned>(
      ...["tune", fast, "--psnr", "32", "--trials", "4", "--out", out, ...small],
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(document.files).toEqual([out, inFolder("new/tuned.html")]);
    expect(document.chosen.quality.psnr).toBeGreaterThanOrEqual(32);
    expect(document.chosen.skipped).toBeGreaterThan(0);
    expect(document.trials.length).toBeLessThanOrEqual(4);
    expect(document.trials).toContainEqual(document.chosen);
    const closeness = ({ quality }: Measured): number => quality.psnr ?? Number.POSITIVE_INFINITY;
    for (const member of document.front) {
      const { speedup } = member;
      expect(speedup.denoiser).toBeGreaterThan(1);
      const beats = (other: Measured): boolean =>
        speedup.denoiser < other.speedup.denoiser && closeness(member) <= closeness(other);
      expect(document.trials.some(beats)).toBe(false);
    }
    const better = document.trials.filter(({ quality, skipped }) => quality.psnr! >= 32 && skipped > 0);
    expect(document.chosen.skipped).toBe(Math.max(...better.map(({ skipped }) => skipped)));

    // It stands for itself: another folder, no plugins installed there.
    const tuned = JSON.parse(readFileSync(out, "utf8"));
    expect(path.isAbsolute(tuned.model)).toBe(false);
    expect(path.resolve(path.dirname(out), tuned.model)).toBe(path.join(root, "models/emoji"));
    expect(tuned.plugins[0].options.threshold).toBe(document.chosen.settings[0]!.value);
    expect(tuned.generate.num_inference_steps).toBe(8);
    const again = await skipstepJson<{ readonly configs: { readonly mean: { readonly psnr: number } }[] }>(
      ...[
        "compare",
        plain,
        out,
        ...small.filter((arg) => arg !== "--count" && arg !== "1"),
        "--out",
        inFolder("c.html"),
      ],
    );
    expect(again.document.configs[0]!.mean.psnr).toBeCloseTo(document.chosen.quality.psnr!, 9);

    const page = readFileSync(inFolder("new/tuned.html"), "utf8");
    expect(page.match(/<tr class="chosen">/g)).toHaveLength(1);
    expect(page.match(/<tr class="/g)).toHaveLength(document.trials.length);
    const changing = document.trials.filter(({ quality }) => quality.psnr !== null);
    expect(page.match(/<circle cx/g)).toHaveLength(changing.length);
    expect(page.match(/<circle class="ring"/g)).toHaveLength(1);
    expect(page).toContain("<title>asked for</title>");
    expect(page).toContain(`fbcache: threshold ${document.chosen.settings[0]!.value}`);
  });

  it("shows images of each setting, configs, versions, and numbers to save", () => {
    const page = readFileSync(inFolder("new/tuned.html"), "utf8");
    const json = /<a download="tune\.json" href="data:application\/json;base64,([^"]+)"/.exec(page)![1]!;
    const { trials, front } = JSON.parse(Buffer.from(json, "base64").toString()) as Tuned;
    expect(page.match(/<img src="data:image\/webp;base64,/g)).toHaveLength(trials.length + 1);
    expect(page.match(/<summary>/g)).toHaveLength(2);
    for (const text of [
      "onnxruntime-node",
      process.versions.node,
      "&#34;num_inference_steps&#34;: 8",
      "without plugins",
    ])
      expect(page.includes(text), text).toBe(true);
    const csv = /<a download="settings\.csv" href="data:text\/csv;base64,([^"]+)"/.exec(page)![1]!;
    const [head, ...rows] = Buffer.from(csv, "base64").toString().trimEnd().split("\r\n");
    expect(head).toMatch(/^fbcache\.threshold,psnr_db,.*,front,chosen$/);
    expect(rows).toHaveLength(trials.length);
    expect(rows.filter((row) => row.endsWith(",1"))).toHaveLength(1);
    expect(rows.filter((row) => /,1,[01]$/.test(row))).toHaveLength(front.length);
  });

  it.runIf(hasChromium)("writes a page that is read in a browser with a keyboard, in light and dark", async () => {
    await lookAtPage(inFolder("new/tuned.html"), async (page) => {
      await page.focus("#zoom-1");
      await page.keyboard.press("ArrowRight");
      expect(await lensOf(page)).toEqual({ zoom: "2", x: "50%", y: "50%" });
      await page.locator("summary").first().focus();
      await page.keyboard.press("Enter");
      expect(await page.locator("details[open] pre").count()).toBe(1);
    });
  });

  it("searches over the knobs of all plugins, and writes the options of all", async () => {
    const both = path.join(folder.path, "both.json");
    const plugins = [
      { use: path.join(root, "plugins/fbcache"), options: { threshold: 0.1 } },
      { use: path.join(root, "plugins/guidance"), options: { cfg_gate_refresh: 2 } },
    ];
    writeFileSync(both, JSON.stringify({ extends: plain, plugins }));
    const out = inFolder("both-tuned.json");
    const { document, exitCode } = await skipstepJson<Tuned>(
      ...["tune", both, "--psnr", "25", "--trials", "9", "--out", out, ...small],
    );
    expect(exitCode).toBe(0);
    const valuesOf = ({ settings }: Measured, option: string): unknown =>
      settings.find((setting) => setting.option === option)!.value;
    const tried = (option: string): Set<unknown> => new Set(document.trials.map((trial) => valuesOf(trial, option)));
    for (const option of ["threshold", "cfg_gate_step"]) expect(tried(option).size, option).toBeGreaterThan(1);
    // Another plugin's knob with many values is moved by more than one at first.
    const gates = [...tried("cfg_gate_step")] as number[];
    expect(Math.min(...gates)).toBeLessThan(0.8);
    expect(document.chosen.quality.psnr).toBeGreaterThanOrEqual(25);
    const tuned = JSON.parse(readFileSync(out, "utf8"));
    expect(tuned.plugins).toHaveLength(2);
    expect(tuned.plugins[0].options.threshold).toBe(valuesOf(document.chosen, "threshold"));
    expect(tuned.plugins[1].options.cfg_gate_step ?? 1).toBe(valuesOf(document.chosen, "cfg_gate_step"));
    const page = readFileSync(inFolder("both-tuned.html"), "utf8");
    expect(page).toMatch(/fbcache: threshold [\d.]+; guidance: cfg_gate_step [\d.]+/);
  });

  it("says what came closest to a target out of reach, and writes the front all the same", async () => {
    const out = inFolder("missed.json");
    const { exitCode, stdout, stderr } = await skipstep(
      ...["tune", fast, "--speedup", "1000", "--trials", "1", "--out", out, ...small],
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toMatch(
      /^SKIPSTEP_TARGET_MISSED No setting gives a denoiser 1000 times faster: the closest of 1 settings reached \d+\.\d\d x \(fbcache: threshold 0\.\d+; PSNR .*, denoiser \d+\.\d\d x\)\. .*missed\.html has all of them/,
    );
    expect(existsSync(out)).toBe(false);
    expect(readFileSync(inFolder("missed.html"), "utf8")).toContain("No setting reached it.");
  });
});

describe("tune with wrong input", () => {
  it.each([
    ["no target", [fast], 2, /^SKIPSTEP_USAGE Give one of --psnr, --speedup and --latency/],
    ["two targets", [fast, "--psnr", "30", "--latency", "8s"], 2, /^SKIPSTEP_USAGE Give one of/],
    ["a latency without unit", [fast, "--latency", "8"], 2, /^SKIPSTEP_USAGE .*It must look like 8s, 800ms or 2m/],
    ["a PSNR below 0", [fast, "--psnr", "-3"], 2, /^SKIPSTEP_USAGE .*It must be a number above 0/],
    ["no trials", [fast, "--psnr", "30", "--trials", "0"], 2, /^SKIPSTEP_USAGE .*whole number from 1/],
    [
      "a config without plugins to tune",
      [plain, "--psnr", "30"],
      3,
      /^SKIPSTEP_CONFIG_UNTUNABLE .*emoji\.json has no plugin with options to tune\. For this model there are: .*fbcache \(threshold\)/,
    ],
    [
      "values for no plugin",
      [fast, "--psnr", "30", "--try", "tome.ratio=[1]"],
      2,
      /^SKIPSTEP_USAGE --try tome\.ratio=\[1\] names no option/,
    ],
    [
      "values for no option",
      [fast, "--psnr", "30", "--try", "fbcache.limit=[1]"],
      2,
      /^SKIPSTEP_USAGE .* names no option/,
    ],
    [
      "values that are no list",
      [fast, "--psnr", "30", "--try", "fbcache.threshold=0.1"],
      2,
      /^SKIPSTEP_USAGE .* gives no values/,
    ],
    ["another ending", [fast, "--psnr", "30", "--out", "x.html"], 7, /^SKIPSTEP_OUTPUT_UNWRITABLE .*written as \.json/],
  ])("fails in one line for %s", async (_, args, exitCode, line) => {
    const outcome = await skipstep("tune", ...args, "--cache", inFolder("untouched"));
    expect(outcome).toMatchObject({ exitCode, stdout: "" });
    expect(outcome.stderr).toMatch(line);
    expect(outcome.stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(readdirSync(folder.path)).not.toContain("untouched");
  });
});

describe("knobsOf", () => {
  it("has the config's own values among those that it tries", async () => {
    const options = { residual_diff_threshold: 0.123, max_warmup_steps: 5, Fn_compute_blocks: 1 };
    const plugins = [{ use: path.join(root, "plugins/cache-dit"), options }];
    const knobs = knobsOf(await validateConfig({ model: path.join(root, "models/emoji"), plugins }));
    const [threshold, , warmup, first] = knobs;
    expect(threshold).toMatchObject({ plugin: "cache-dit", option: "residual_diff_threshold" });
    const { values, start } = threshold!;
    expect(values.slice(start - 1, start + 2)).toEqual([0.11, 0.123, 0.13]);
    expect(warmup).toMatchObject({ values: [8, 6, 5, 4, 3, 2], start: 2 });
    expect(first).toMatchObject({ values: [8, 4, 2, 1], start: 3 });
  });
});

describe("triedKnobs", () => {
  it("are those that were asked for, in their order, with the config's own value", async () => {
    const plugins = [
      { use: path.join(root, "plugins/guidance"), options: { cfg_gate_step: 0.5 } },
      { use: path.join(root, "plugins/cache-dit"), options: { Fn_compute_blocks: 1 } },
    ];
    const config = await validateConfig({ model: path.join(root, "models/emoji"), plugins });
    const masks = [
      [1, 1, 0],
      [1, 0, 0],
    ];
    expect(
      triedKnobs(config, [
        `cache-dit.steps_computation_mask=${JSON.stringify(masks)}`,
        "guidance.cfg_gate_step=[0.9, 0.6, 0.4]",
      ]),
    ).toEqual([
      { index: 1, plugin: "cache-dit", option: "steps_computation_mask", values: [null, ...masks], start: 0 },
      { index: 0, plugin: "guidance", option: "cfg_gate_step", values: [0.9, 0.6, 0.5, 0.4], start: 2 },
    ]);
  });
});

describe("writtenConfig", () => {
  it("keeps names on the hub, and makes paths relative to the file", () => {
    const file = inFolder("deep/tuned.json");
    const config = {
      model: "hf:owner/name@main",
      components: { vae: inFolder("vae"), unet: "hf:owner/unet" },
      lora: [{ path: inFolder("deep/cat.safetensors"), scale: 0.5 }],
      device: "cpu",
      generate: { image: inFolder("start.png"), seed: 1 },
      guidance: "separate",
      plugins: [{ use: inFolder("deep/my-plugin"), options: {} }],
      strict: true,
    };
    const own = { options: { a: 1, b: 2, c: 3 }, manifest: { options: optionsOf("a", "b", "c"), tunes: { c: {} } } };
    const checked = { config, plugins: { plugins: [own] } } as unknown as CheckedConfig;
    expect(writtenConfig(checked, file)).toEqual({
      model: "hf:owner/name@main",
      components: { vae: "../vae", unet: "hf:owner/unet" },
      lora: [{ path: "cat.safetensors", scale: 0.5 }],
      device: "cpu",
      generate: { image: "../start.png", seed: 1 },
      guidance: "separate",
      plugins: [{ use: "./my-plugin", options: { b: 2, c: 3 } }],
      strict: true,
    });
  });
});

/** Defaults: 1 for the first, 1 for the second, 3 for the third. */
function optionsOf(...names: string[]): object {
  const defaults = [1, 1, 3];
  return { properties: Object.fromEntries(names.map((name, i) => [name, { default: defaults[i] }])) };
}
