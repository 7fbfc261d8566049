import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

const executablePath = "/usr/bin/chromium";

/** Whether there is a browser to look at pages in. */
export const hasChromium = existsSync(executablePath);

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Widths of a telephone, a tablet and a screen. */
const widths = [390, 820, 1440];

/**
 * Looks at a page in Chromium: at three widths nothing is cut off, it runs without a word of complaint, and in light and
 * in dark axe finds nothing that keeps anybody from reading it.
 * @param use looks further, at the page as it was made
 */
export async function lookAtPage(file: string, use: (page: Page) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const complaints: string[] = [];
  try {
    const page = await openIn(browser, file, complaints, { viewport: { width: widths[2]!, height: 900 } });
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      const over = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      expect(over, `at ${width} pixels`).toBeLessThanOrEqual(0);
    }
    await use(page);
    for (const colorScheme of ["light", "dark"] as const) {
      // The page lets nothing run: axe is let in for this.
      const open = await openIn(browser, file, complaints, { colorScheme, bypassCSP: true });
      await open.evaluate(axe);
      const found = await open.evaluate(
        "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes[0].html]))",
      );
      expect(found, colorScheme).toEqual([]);
    }
  } finally {
    await browser.close();
  }
  expect(complaints).toEqual([]);
}

async function openIn(
  browser: Browser,
  file: string,
  complaints: string[],
  options: BrowserContextOptions,
): Promise<Page> {
  const page = await (await browser.newContext(options)).newPage();
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(pathToFileURL(file).href);
  return page;
}

/** What the page's controls have set for all images. */
export async function lensOf(page: Page): Promise<{ readonly zoom: string; readonly x: string; readonly y: string }> {
  return page.evaluate(`(() => {
    const style = getComputedStyle(document.documentElement);
    return Object.fromEntries(["zoom", "x", "y"].map((name) => [name, style.getPropertyValue("--" + name)]));
  })()`);
}
