import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { makeKey } from "../src";
import { served } from "./served";

const executablePath = "/usr/bin/chromium";
const hasChromium = existsSync(executablePath);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const side = 64;
const unet = {
  extends: join(import.meta.dirname, "../../../configs/emoji-unet.json"),
  generate: { num_inference_steps: 2, seed: 1, width: side, height: side },
};
const deepcache = "@skipstep/plugin-deepcache";
const ann = makeKey("ann");
const server = served({ plugins: [deepcache], threads: 1 }, unet);
const locked = served({ keys: [ann.entry] });
const without = served({ studio: false });

/** An image with a recipe. */
let snowMan: Buffer;

beforeAll(async () => {
  const settings = { prompt: "snow man", seed: 8, num_inference_steps: 3, guidance_rescale: 0.5 };
  const body = { ...settings, scheduler: "EulerDiscreteScheduler" };
  const { data } = await (await server.ask("/v1/images/generations", body)).json();
  snowMan = Buffer.from(data[0].b64_json, "base64");
});

it("tells what a form can say, and what a PNG was drawn with", async () => {
  const form = await (await server.ask("/v1/models/emoji/form")).json();
  expect(form).toMatchObject({
    subject: "prompt",
    settings: { num_inference_steps: { type: "integer", minimum: 1 } },
    defaults: { num_inference_steps: 2, seed: 1, width: side },
    pictures: ["image", "mask"],
    scheduler: "DDIMScheduler",
    plugins: [{ use: deepcache, name: "deepcache", options: { properties: { cache_interval: { default: 3 } } } }],
    limits: { steps: 150 },
  });
  expect(form.settings).not.toHaveProperty("controlnet_conditioning_scale");
  const image = snowMan.toString("base64");
  expect(await (await server.ask("/v1/recipes", { image })).json()).toMatchObject({
    models: ["emoji"],
    settings: { prompt: "snow man", seed: 8, num_inference_steps: 3 },
    scheduler: { type: "EulerDiscreteScheduler" },
    left_out: [],
  });
  const plain = (await sharp(Buffer.from(image, "base64")).png().toBuffer()).toString("base64");
  const refused = await server.ask("/v1/recipes", { image: plain });
  expect([refused.status, (await refused.json()).error.code]).toEqual([400, "SKIPSTEP_RECIPE_MISSING"]);
  expect(JSON.stringify(form)).not.toContain(server.folder);
  const plugins = [{ use: deepcache, options: { cache_interval: 0 } }];
  const wrong = await server.ask("/v1/images/generations", { prompt: "red heart", plugins });
  expect(wrong.status).toBe(400);
  expect((await wrong.json()).error.message).toMatch(/cache_interval must be >= 1, found 0/);
});

it.skipIf(hasChromium || !process.env.CI)("finds Chromium", () => expect(hasChromium, executablePath).toBe(true));

describe.skipIf(!hasChromium)("the page, in Chromium", () => {
  let browser: Browser;
  let page: Page;
  const asked: string[] = [];
  const complaints: string[] = [];

  const open = async (url = server.url): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
    const opened = await context.newPage();
    opened.on("request", (request) => asked.push(request.url()));
    opened.on("pageerror", (error) => complaints.push(String(error)));
    opened.on("console", (line) => line.type() === "error" && complaints.push(line.text()));
    await opened.goto(url);
    return opened;
  };
  const field = (name: string | RegExp): Locator => page.getByLabel(name, { exact: true });
  const button = (name: string | RegExp): Locator => page.getByRole("button", { name, exact: true });
  const image = (alt: string): Locator => page.getByRole("img", { name: alt, exact: true });
  const say = async (prompt: string, steps: number, seed = 1): Promise<void> => {
    await field("Prompt").fill(prompt);
    await field("Steps").fill(`${steps}`);
    await field("Seed").fill(`${seed}`);
  };
  /** Of a finished image. */
  const thumb = (prompt: string): Locator =>
    page.getByRole("region", { name: "Gallery" }).getByRole("button", { name: prompt, exact: true });
  const until = <Value>(look: () => Promise<Value>) => expect.poll(look, { timeout: 60_000 });
  /** The file of the image on the stage. */
  const saved = async (): Promise<Buffer> => {
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Save" }).click();
    return readFile(await (await download).path());
  };
  /** Of the newest jobs' images. */
  const newest = async (count: number): Promise<Buffer[]> => {
    const { data } = await (await server.ask("/v1/jobs")).json();
    const files = data.slice(0, count).map(async ({ images }: { images: { url: string }[] }) => {
      return Buffer.from(await (await server.ask(images[0]!.url)).arrayBuffer());
    });
    return Promise.all(files);
  };

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  });
  beforeEach(async () => {
    await page?.context().close();
    page = await open();
    page.setDefaultTimeout(60_000);
  });
  afterAll(async () => {
    await browser.close();
  });

  it("draws with previews in a frame that does not move, and keeps the image", async () => {
    await say("red heart", 16, 3);
    await button("Draw").click();
    const frame = page.locator(".stage .working");
    const before = await frame.boundingBox(); // of nothing yet
    await image("Preview of red heart").waitFor();
    expect(await frame.boundingBox()).toEqual(before);
    expect(await page.getByRole("progressbar").first().getAttribute("max")).toBe("16");
    await thumb("red heart").waitFor();
    expect(await page.locator(".stage .frame").boundingBox()).toEqual(before);
    expect((await saved()).equals((await newest(1))[0]!)).toBe(true);
    await page.reload();
    await image("red heart").first().waitFor();
    expect(await field("Prompt").inputValue()).toBe("red heart");
  });

  it("goes on behind the last event when its line is lost", async () => {
    let isCut = false;
    const between = createServer((socket) => {
      const line = connect(Number(new URL(server.url).port), "127.0.0.1");
      const end = (): void => void [socket, line].map((one) => one.destroy());
      for (const one of [socket, line]) one.on("error", end).on("close", end);
      socket.pipe(line);
      line.on("data", (bytes) => {
        socket.write(bytes);
        if (isCut || !bytes.includes("event: preview")) return;
        isCut = true;
        end();
      });
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => between.once("listening", resolve));
    await page.goto(`http://127.0.0.1:${(between.address() as { port: number }).port}`);
    const last: (string | undefined)[] = [];
    page.on("request", (request) => {
      if (request.url().endsWith("/events")) last.push(request.headers()["last-event-id"]);
    });
    await say("blue car", 6);
    await button("Draw").click();
    await thumb("blue car").waitFor();
    between.close();
    expect(isCut).toBe(true);
    expect(last[0]).toBeUndefined();
    expect(Number(last.at(-1))).toBeGreaterThan(1);
  });

  it("tells the place in the queue, and cancels", async () => {
    await say("tree", 150);
    await field("Images").fill("2");
    await button("Draw").click();
    const queue = page.getByRole("region", { name: "Queue" });
    await queue.getByText("Waits behind 1 other").or(queue.getByText("Comes next")).first().waitFor();
    await queue.getByRole("button", { name: "Cancel tree" }).nth(1).click();
    await queue.getByText("Cancelled.").waitFor();
    await queue.getByRole("button", { name: "Cancel tree" }).click();
    await until(() => queue.getByText("Cancelled.").count()).toBe(2);
    const { data } = await (await server.ask("/v1/jobs")).json();
    expect(data.slice(0, 2).map(({ status }: { status: string }) => status)).toEqual(["cancelled", "cancelled"]);
  });

  it("compares two settings by steps skipped, seconds and PSNR", async () => {
    await say("green apple", 6, 5);
    await field("Compare two settings").check();
    await field("deepcache").check();
    await page.getByText("Options of deepcache").click();
    await field("cache_interval").fill("3");
    await button("Draw both").click();
    const table = page.getByRole("table");
    await until(() => table.getByRole("row").filter({ hasText: "Steps skipped" }).textContent()).toMatch(/none4 of 6$/);
    expect(await table.getByRole("row").filter({ hasText: "Seconds" }).textContent()).toMatch(/\d s\d.* s$/);
    expect(await table.getByRole("row").filter({ hasText: "Plugin @" }).textContent()).toContain(
      "on, cache_interval 3",
    );
    await until(() => table.getByText(/PSNR/).textContent()).toMatch(/dB$/);
    const [a, b] = await Promise.all((await newest(2)).map((png) => sharp(png).raw().toBuffer()));
    const squares = a!.reduce((sum, byte, i) => sum + (byte - b![i]!) ** 2, 0);
    const distance = 10 * Math.log10(255 ** 2 / (squares / a!.length));
    expect(await table.getByText(/PSNR/).textContent()).toContain(`${distance.toFixed(1)} dB`);
  });

  it("takes the recipe of a PNG that is dropped on it", async () => {
    await field("Prompt").fill("something else");
    const png = snowMan.toString("base64");
    const transfer = await page.evaluateHandle(`(() => {
      const bytes = Uint8Array.from(atob("${png}"), (letter) => letter.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], "snow.png", { type: "image/png" }));
      return transfer;
    })()`);
    await page.dispatchEvent("main", "drop", { dataTransfer: transfer });
    await page.getByText("Its settings are in the form.").waitFor();
    const values = ["Prompt", "Seed", "Steps", "Scheduler", "Guidance rescale"].map((name) => field(name).inputValue());
    expect(await Promise.all(values)).toEqual(["snow man", "8", "3", "EulerDiscreteScheduler", "0.5"]);
  });

  it("paints a mask by hand and by keys, and repaints an image by it", async () => {
    await page.getByText("Begin with an image, or").click();
    await field("Image to begin with").setInputFiles({ name: "snow.png", mimeType: "image/png", buffer: snowMan });
    await button("Draw it").click();
    const canvas = page.getByRole("application", { name: "Mask" });
    const { x, y, width, height } = (await canvas.boundingBox())!;
    await page.mouse.move(x + width / 4, y + height / 4);
    await page.mouse.down();
    await page.mouse.move(x + width / 4, y + height / 2, { steps: 4 });
    await page.mouse.up();
    await page.mouse.move(0, 0);
    await canvas.focus(); // the brush is in the middle
    for (const key of ["ArrowRight", "ArrowRight", "Space"]) await page.keyboard.press(key);
    await button("Use this mask").click();
    await image("Mask, as chosen").waitFor();
    const sent = page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/v1/jobs"));
    await say("blue heart", 4);
    await button("Draw").click();
    const mask = await sharp(Buffer.from((await sent).postDataJSON().mask, "base64"))
      .greyscale()
      .raw()
      .toBuffer();
    const at = (x: number, y: number) => mask[Math.round(y * (side - 1)) * side + Math.round(x * (side - 1))];
    expect([at(0.25, 0.25), at(0.25, 0.45), at(0.62, 0.5), at(0.25, 0.8), at(0.75, 0.2), at(0.4, 0.5)]).toEqual([
      255, 255, 255, 0, 0, 0,
    ]);
    await thumb("blue heart").waitFor();
    const [before, after] = await Promise.all(
      [snowMan, saved()].map(async (png) =>
        sharp(await png)
          .raw()
          .toBuffer(),
      ),
    );
    const change = (x: number, y: number) => Math.abs(before![(y * side + x) * 3]! - after![(y * side + x) * 3]!);
    expect(change(4, side - 4)).toBeLessThan(40); // outside, but for the decoder's errors
  });

  it("can be used by keys alone", async () => {
    await field("Prompt").waitFor();
    const focused = () =>
      page.evaluate("document.activeElement.textContent || document.activeElement.labels?.[0]?.textContent");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("To the images");
    for (let i = 0; i < 8 && (await focused()) !== "Prompt"; i++) await page.keyboard.press("Tab");
    await page.keyboard.type("sun");
    await page.keyboard.press("Control+Enter");
    await thumb("sun").waitFor();
    await button("Compare sun").focus();
    await page.keyboard.press("Enter");
    expect(await button("Compare sun").getAttribute("aria-pressed")).toBe("true");
  });

  it("shows what the server refuses at its field", async () => {
    // It has the focus a moment after it is told of.
    const focused = (): Promise<unknown> => page.evaluate("document.activeElement.labels?.[0]?.textContent");
    await field("Prompt").fill("moon");
    await field("Width").fill("131");
    await button("Draw").click();
    await page
      .getByRole("alert")
      .getByText(/width must be a multiple of/)
      .waitFor();
    expect(await field("Width").getAttribute("aria-invalid")).toBe("true");
    await expect.poll(focused).toBe("Width");
    await field("Width").fill("");
    await page.getByText("More settings").click();
    await field("Guidance rescale").fill("5");
    await page.getByText("More settings").click();
    await button("Draw").click();
    await field("Guidance rescale").waitFor(); // unfolded again
    await expect.poll(focused).toBe("Guidance rescale");
  });

  it("has nothing serious that axe finds, on a phone and a desk, light and dark, in all that it shows", async () => {
    await say("cat", 2);
    await page.getByText("Begin with an image, or").click();
    await field("Compare two settings").check();
    await field("deepcache").check();
    for (const summary of await page.locator("summary").all()) await summary.click();
    await button("Draw both").click();
    await page.getByRole("table").waitFor();
    const serious: string[] = [];
    const check = async (widths: readonly number[]): Promise<void> => {
      for (const width of widths)
        for (const colorScheme of ["light", "dark"] as const) {
          await page.setViewportSize({ width, height: 800 });
          await page.emulateMedia({ colorScheme });
          const { violations } = (await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as Found;
          const told = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
          serious.push(
            ...told.map(({ id, nodes }) => `${width} ${colorScheme} ${id}: ${nodes.map(({ html }) => html)}`),
          );
          const over = "document.documentElement.scrollWidth - innerWidth";
          expect(await page.evaluate(over), `sideways at ${width}`).toBeLessThanOrEqual(0);
        }
    };
    await page.evaluate(axe);
    await thumb("cat").nth(1).waitFor();
    await check([375, 1280]);
    await button("Close").click();
    await button("Begin with it").click();
    await button("Draw it").click();
    await page.getByRole("application", { name: "Mask" }).waitFor();
    await check([375]);
    expect(serious).toEqual([]);
  });

  it("asks for a key where the server has some", async () => {
    await page.context().close();
    page = await open(locked.url);
    const dialog = page.getByRole("dialog", { name: "This server asks for a key" });
    await dialog.waitFor();
    await field("Key").fill("sk-skipstep-other");
    await button("Use it").click();
    await dialog.getByText("is not known there").waitFor();
    await field("Key").fill(ann.key);
    await button("Use it").click();
    await field("Prompt").waitFor();
    expect(await dialog.isVisible()).toBe(false);
    complaints.splice(0); // Chromium writes each 401 to its console
  });

  it("asks nobody but its server, and does nothing that its policy forbids", async () => {
    const { headers } = await fetch(server.url);
    expect(headers.get("content-security-policy")).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    const own = /^(blob:|data:|http:\/\/127\.0\.0\.1:\d+\/)/;
    expect(asked.length).toBeGreaterThan(50);
    expect(asked.filter((url) => !own.test(url))).toEqual([]);
    expect(complaints.filter((text) => !/net::ERR_|status of 400/.test(text))).toEqual([]); // lines that a test cut, what it had refused
  });
});

interface Found {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { html: string }[];
  }[];
}

it("is left out where the operator says so", async () => {
  expect((await fetch(without.url)).status).toBe(404);
  expect((await fetch(locked.url)).status).toBe(200); // without a key
  expect((await fetch(`${locked.url}/v1/models/emoji/form`)).status).toBe(401);
});
