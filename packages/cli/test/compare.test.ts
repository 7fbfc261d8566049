import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Report, validateConfig } from "@skipstep/core";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { motifsOf } from "../src/render/motif";
import { hasChromium, lensOf, lookAtPage } from "./open-page";
import { root, skipstep, skipstepJson } from "./skipstep";
import { temporaryFolder } from "./temporary-folder";

interface Drawn {
  readonly psnr: number | null;
  readonly ssim: number;
  readonly gmsd: number;
  readonly speedup: { readonly denoiser: number; readonly whole: number };
  readonly seconds: { readonly denoiser: number; readonly whole: number };
  readonly report: Report;
}

interface Compared {
  readonly file: string;
  readonly motifs: readonly { readonly subject: string | number; readonly seed: number }[];
  readonly reference: { readonly drawings: readonly Drawn[] };
  readonly configs: readonly (Pick<Drawn, "psnr" | "ssim" | "speedup"> & {
    readonly mean: Pick<Drawn, "psnr" | "ssim" | "gmsd">;
    readonly drawings: readonly Drawn[];
  })[];
}

const folder = temporaryFolder();
const [plain, fast] = ["configs/emoji.json", "configs/emoji-fast.json"].map((file) => path.join(root, file)) as [
  string,
  string,
];
const sixSteps = ["--set", "generate.num_inference_steps=6"];

function inFolder(name: string): string {
  return path.join(folder.path, name);
}

function written(name: string, content: string): string {
  writeFileSync(inFolder(name), content);
  return inFolder(name);
}

/** Pixels of the images in a page, in order. */
async function imagesIn(page: string): Promise<Buffer[]> {
  const pictures = /class="frame picture"[^>]*><img src="data:image\/png;base64,([^"]+)"/g;
  const sources = [...page.matchAll(pictures)].map(([, base64]) => base64!);
  return Promise.all(sources.map((base64) => sharp(Buffer.from(base64, "base64")).raw().toBuffer()));
}

function psnrOf(a: Buffer, b: Buffer): number {
  const error = a.reduce((sum, byte, i) => sum + (byte - b[i]!) ** 2, 0) / a.length;
  return 20 * Math.log10(255) - 10 * Math.log10(error);
}

describe("compare", () => {
  const prompt = `<script>alert("cat" & 'dog')</script> see https://example.com/a.png`;

  it("measures the images that it shows, in a page that needs nothing else", async () => {
    const prompts = written("prompts.txt", `\uFEFFred heart\r\n\r\n  ${prompt}  \n`);
    const withThreshold = (threshold: number): string =>
      written(
        `at-${threshold}.json`,
        JSON.stringify({
          extends: plain,
          plugins: [{ use: path.join(root, "plugins/fbcache"), options: { threshold } }],
        }),
      );
    const [some, never] = [withThreshold(0.4), withThreshold(0)];
    const out = inFolder("new/compare.html");
    const { document, exitCode, stderr } = await skipstepJson<Compared>(
      ...["compare", plain, some, never, "--prompts", prompts, "--seeds", "7", "--out", out, ...sixSteps],
    );
    expect({ exitCode, stderr, file: document.file }).toEqual({ exitCode: 0, stderr: "", file: out });
    expect(document.motifs).toEqual(["red heart", prompt].map((subject) => ({ subject, seed: 7 })));

    const page = readFileSync(out, "utf8");
    const images = await imagesIn(page);
    expect(images).toHaveLength(2 * 3);
    const [cached, idle] = document.configs;
    for (const [i, { psnr, ssim, gmsd }] of cached!.drawings.entries()) {
      expect(psnr).toBeCloseTo(psnrOf(images[3 * i]!, images[3 * i + 1]!), 6);
      expect(ssim).toBeGreaterThan(0.5);
      expect(ssim).toBeLessThan(1);
      expect(gmsd).toBeGreaterThan(0);
    }
    const psnrs = cached!.drawings.map(({ psnr }) => psnr!);
    expect(cached!.mean.psnr).toBeCloseTo(psnrs.reduce((sum, psnr) => sum + psnr, 0) / 2, 9);
    expect(idle!.drawings).toMatchObject(Array(2).fill({ psnr: null, ssim: 1, gmsd: 0 })); // infinite
    const [first] = cached!.drawings;
    expect(first!.speedup.denoiser).toBeCloseTo(
      document.reference.drawings[0]!.seconds.denoiser / first!.seconds.denoiser,
      9,
    );

    // Nothing but the images' own data is referred to; what was typed is text.
    expect(
      page.match(
        /\b(?:src|href|srcset|action)=(?!"(?:data:(?:image\/png|text\/csv|application\/json);base64,|#))|url\(|@import|<script|<link/g,
      ),
    ).toBeNull();
    expect(page.match(/https?:/g)!.length).toBe(page.match(/see https:\/\/example\.com\/a\.png/g)!.length);
    expect(page).toContain("&#60;script&#62;alert(&#34;cat&#34; &#38; &#39;dog&#39;)&#60;/script&#62; see");

    const strips = [...page.matchAll(/<rect class="step (\w+)"/g)].map(([, verdict]) => verdict);
    const reused = cached!.drawings.flatMap(({ report }) =>
      report.plugins[0]!.regions.flatMap((region) => region.reused),
    );
    expect(reused.length).toBeGreaterThan(0);
    expect(strips.filter((verdict) => verdict === "reused")).toHaveLength(reused.length);
    const recorded = cached!.drawings.flatMap(({ report }) =>
      report.plugins[0]!.regions.flatMap(({ numbers }) => Object.values(numbers.residual_diff ?? {})),
    );
    expect(page.match(/<circle cx/g)).toHaveLength(recorded.length);
    expect(page.match(/<title>threshold 0.4<\/title>/g)).toHaveLength(2);
    for (const { report } of cached!.drawings) expect(page).toContain(`fbcache: ${report.plugins[0]!.summary}`);
    for (const text of ["onnxruntime-node", process.versions.node, "&#34;num_inference_steps&#34;: 6", some, "cores"])
      expect(page.includes(text), text).toBe(true);
  });

  it("shows what each of two plugins in one config did, step by step", async () => {
    const plugins = [
      { use: path.join(root, "plugins/fbcache"), options: { threshold: 0.4 } },
      { use: path.join(root, "plugins/guidance"), options: { cfg_gate_step: 0.5 } },
    ];
    const both = written("both.json", JSON.stringify({ extends: plain, plugins }));
    const prompts = written("heart.txt", "red heart\n");
    const out = inFolder("both.html");
    const { document, exitCode } = await skipstepJson<Compared>(
      ...["compare", plain, both, "--prompts", prompts, "--seeds", "7", "--out", out, ...sixSteps],
    );
    expect(exitCode).toBe(0);
    const page = readFileSync(out, "utf8");
    const [{ report }] = document.configs[0]!.drawings as [Drawn];
    expect(report.plugins.map(({ name }) => name)).toEqual(["fbcache", "guidance"]);
    const reused = report.plugins.map(({ regions }) => regions.flatMap((region) => region.reused).length);
    for (const count of reused) expect(count).toBeGreaterThan(0);
    const strips = page.match(/<rect class="step reused"/g);
    expect(strips).toHaveLength(reused.reduce((sum, count) => sum + count, 0));
    for (const { name, summary } of report.plugins) expect(page).toContain(`${name}: ${summary}`);
  });

  it("has all numbers as CSV and JSON in the page, and marks the image that is furthest", async () => {
    const page = readFileSync(inFolder("new/compare.html"), "utf8");
    const saved: Readonly<Record<string, string>> = Object.fromEntries(
      [...page.matchAll(/<a download="([^"]+)" href="data:[^;]+;base64,([^"]+)"/g)].map(([, name, base64]) => [
        name,
        Buffer.from(base64!, "base64").toString(),
      ]),
    );
    expect(Object.keys(saved)).toEqual(["images.csv", "steps.csv", "compare.json"]);
    const { configs } = JSON.parse(saved["compare.json"]!) as Compared;
    const [cached, idle] = configs;
    const psnrs = cached!.drawings.map(({ psnr }) => psnr!);
    expect(cached).toMatchObject({ worst: psnrs.indexOf(Math.min(...psnrs)) });
    expect(idle).not.toHaveProperty("worst");
    expect(page.match(/<span class="badge">furthest of /g)).toHaveLength(1);
    const section = page.slice(page.indexOf(`<h2 id="image-${psnrs.indexOf(Math.min(...psnrs)) + 1}">`));
    expect(section.slice(0, section.indexOf("</h2>"))).toContain("furthest of ");

    const [head, ...rows] = saved["images.csv"]!.trimEnd().split("\r\n");
    expect(head).toMatch(/^config,subject,seed,psnr_db,ssim,gmsd,lpips,/);
    expect(rows).toHaveLength(6);
    expect(rows[1]).toContain(`,red heart,7,${psnrs[0]},`);
    expect(rows[2]).toContain(",inf,1,0,,");
    expect(rows[4]).toContain(`"${prompt.replaceAll('"', '""')}",7,${psnrs[1]},`);
    const reused = cached!.drawings.flatMap(({ report }) =>
      report.plugins[0]!.regions.flatMap((region) => region.reused),
    );
    const steps = saved["steps.csv"]!.split("\r\n");
    expect(steps.filter((line) => line.endsWith(",reused,1,"))).toHaveLength(reused.length);
    expect(steps.some((line) => /,residual_diff,[\d.e-]+,0\.4$/.test(line))).toBe(true);
  });

  it("shows where images differ, by the largest difference of a colour", async () => {
    const page = readFileSync(inFolder("new/compare.html"), "utf8");
    const maps = [...page.matchAll(/class="frame difference"[^>]*><img src="data:image\/png;base64,([^"]+)"/g)];
    expect(maps).toHaveLength(4);
    const [some, none] = await Promise.all(
      maps.slice(0, 2).map(([, base64]) => sharp(Buffer.from(base64!, "base64")).removeAlpha().raw().toBuffer()),
    );
    expect(none!.every((byte) => byte === 0)).toBe(true);
    const [plainImage, other] = await imagesIn(page);
    const level = (i: number): number => some![3 * i]! + some![3 * i + 1]! + some![3 * i + 2]!;
    const difference = (i: number): number =>
      Math.max(...[0, 1, 2].map((colour) => Math.abs(plainImage![3 * i + colour]! - other![3 * i + colour]!)));
    const pixels = [...Array(some!.length / 3).keys()].sort((a, b) => difference(a) - difference(b));
    for (let i = 1; i < pixels.length; i++) expect(level(pixels[i]!)).toBeGreaterThanOrEqual(level(pixels[i - 1]!));
    expect(level(pixels.at(-1)!)).toBeGreaterThan(100);
  });

  it.runIf(hasChromium)("is read in a browser with a keyboard, at any width, in light and dark", async () => {
    await lookAtPage(inFolder("new/compare.html"), async (page) => {
      await page.setViewportSize({ width: 1000, height: 600 });
      await page.focus("#zoom-1");
      for (const key of ["ArrowRight", "ArrowRight", "Tab", "ArrowRight", "Tab", "ArrowLeft"])
        await page.keyboard.press(key);
      expect(await lensOf(page)).toEqual({ zoom: "4", x: "75%", y: "25%" });
      const transform = 'getComputedStyle(document.querySelector(".frame img")).transform';
      expect(await page.evaluate(transform)).toBe("matrix(4, 0, 0, 4, 0, 0)");
      for (const key of ["Tab", "ArrowRight"]) await page.keyboard.press(key);
      expect(await page.locator(".difference:visible").count()).toBe(0);
      await page.keyboard.press("ArrowRight");
      expect(await page.locator(".picture:visible").count()).toBe(0);
      expect(await page.locator(".difference:visible").count()).toBe(4);

      const [download] = await Promise.all([page.waitForEvent("download"), page.click('a[download="images.csv"]')]);
      expect(download.suggestedFilename()).toBe("images.csv");
      await page.locator('table a[href="#image-2"]').focus();
      await page.keyboard.press("Enter");
      expect(page.url()).toMatch(/#image-2$/);

      // Steps stand under each other in charts and strips, and a full mark is a computed one in both.
      const marks = (await page.evaluate(`[...document.querySelectorAll("svg.plot")].slice(0, 4).map((svg) =>
        [...svg.querySelectorAll("circle, rect.step")].map((mark) => {
          const { x, width } = mark.getBoundingClientRect();
          const [, step, verdict] = /step (\\d+).*(computed|reused|mixed)$/.exec(mark.querySelector("title").textContent);
          return { step, verdict, middle: x + width / 2, fill: mark.getAttribute("fill") };
        }))`)) as { step: string; verdict: string; middle: number; fill: string }[][];
      const middles = new Map(marks[1]!.map(({ step, middle }) => [step, middle]));
      expect(middles.size).toBe(6);
      for (const { step, verdict, middle, fill } of marks.flat()) {
        expect(Math.abs(middle - middles.get(step)!), `step ${step}`).toBeLessThan(1);
        expect(fill === "var(--ground)", `${verdict} step ${step}`).toBe(verdict === "reused");
      }
      expect(new Set(marks.flat().map(({ verdict }) => verdict)).size).toBeGreaterThan(1);
    });
  });

  it("draws classes, and prints tables", async () => {
    const model = path.join(root, "test/golden/pipelines/dit");
    const generate = { num_inference_steps: 4, seed: 1 };
    const base = written("dit.json", JSON.stringify({ model, generate }));
    const plugins = [{ use: path.join(root, "plugins/fora"), options: { interval: 2 } }];
    const skipping = written("dit-fora.json", JSON.stringify({ model, generate, plugins }));
    const prompts = written("classes.txt", "3\n5\n");
    const out = inFolder("dit.html");
    const { exitCode, stdout, stderr } = await skipstep("compare", base, skipping, "--prompts", prompts, "--out", out);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^(warning: The same work took .*\n)?$/);
    const lines = stdout.split("\n");
    expect(lines[0]).toBe(out);
    expect(lines[1]).toMatch(/^2 images by each config, \d+\.\d s$/);
    expect(stdout).toMatch(
      /^class 3, seed 1 +\d+\.\d\d dB +[01]\.\d{4} +0\.\d{4} +\d+\.\d\d x +\d+\.\d\d x {2}fora: reused 1 of 4/m,
    );
    expect(stdout).toMatch(/^mean; median of times +\d/m);
    expect(await imagesIn(readFileSync(out, "utf8"))).toHaveLength(4);
  });
});

describe("motifsOf", () => {
  it("is every subject with every seed; the config's own seed where none is given", async () => {
    const config = await validateConfig(plain, { overrides: ["generate.num_images_per_prompt=3"] });
    const shown = async (seeds?: number[]): Promise<unknown[]> =>
      (await motifsOf(config, ["a", "b"], seeds)).map(({ subject, seed }) => [subject, seed]);
    expect(await shown([1, 2])).toEqual([
      ["a", 1],
      ["a", 2],
      ["b", 1],
      ["b", 2],
    ]);
    expect(await shown()).toEqual([
      ["a", 42],
      ["b", 42],
    ]);
    expect((await motifsOf(config, ["a"]))[0]!.request).toEqual({ prompt: "a", seed: 42, num_images_per_prompt: 1 });
  });
});

describe("compare with wrong input", () => {
  it.each([
    ["one config", () => [plain], 2, /^SKIPSTEP_USAGE missing required argument 'configs'/],
    [
      "a prompts file that is missing",
      () => [plain, fast, "--prompts", "nowhere.txt"],
      3,
      /^SKIPSTEP_REQUEST_PROMPTS nowhere.txt cannot be read: there is no such file/,
    ],
    [
      "an empty prompts file",
      () => [plain, fast, "--prompts", written("empty.txt", "\n \n")],
      3,
      /^SKIPSTEP_REQUEST_PROMPTS .*empty.txt is empty/,
    ],
    ["seeds that are none", () => [plain, fast, "--seeds", "1,x"], 2, /^SKIPSTEP_USAGE .*must look like 1,2,3/],
    [
      "a page that is none",
      () => [plain, fast, "--out", inFolder("page.txt")],
      7,
      /^SKIPSTEP_OUTPUT_UNWRITABLE .*written as \.html/,
    ],
    [
      "a place that is no folder",
      () => [plain, fast, "--out", path.join(written("file", ""), "page.html")],
      7,
      /^SKIPSTEP_OUTPUT_UNWRITABLE .*a file is where a folder must be/,
    ],
    [
      "another model",
      () => [plain, path.join(root, "configs/emoji-unet.json")],
      3,
      /^SKIPSTEP_CONFIG_UNLIKE .*their models are .*emoji-unet and .*emoji\./,
    ],
    [
      "another size",
      () => [plain, written("small.json", JSON.stringify({ extends: plain, generate: { width: 64 } }))],
      3,
      /^SKIPSTEP_CONFIG_UNLIKE .*their images have 64 x 128 and 128 x 128 pixels/,
    ],
    ["a seed that is too large", () => [plain, fast, "--seeds", "1e30"], 3, /^SKIPSTEP_REQUEST_INVALID .*seed/],
  ])("fails in one line, before anything is compiled, for %s", async (_, args, exitCode, line) => {
    const cache = inFolder("untouched");
    const outcome = await skipstep("compare", ...args(), "--cache", cache);
    expect(outcome).toMatchObject({ exitCode, stdout: "" });
    expect(outcome.stderr).toMatch(line);
    expect(outcome.stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(existsSync(cache)).toBe(false);
  });
});
