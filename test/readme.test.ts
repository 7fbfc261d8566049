import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { typescript } from "./built/packages";
import { codeBlocks } from "./docs/code-blocks";

const root = join(import.meta.dirname, "..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const [script, plugin] = codeBlocks(readme, "ts").map(({ code }) => code) as [string, string];
/** Inside an example, where `@skipstep/core` is found. */
const folder = mkdtempSync(join(root, "examples/script/readme-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("has a script that writes a picture, a config and a plugin that saves work", async () => {
  const [config] = codeBlocks(readme, "jsonc").map(({ code }) => code);
  writeFileSync(join(folder, "every-other.ts"), plugin);
  writeFileSync(join(folder, "config.json"), config!.replace("../models/emoji", join(root, "models/emoji")));
  writeFileSync(
    join(folder, "script.ts"),
    script
      .replace('"configs/emoji-fast.json"', `"${join(folder, "config.json")}", { overrides: process.argv.slice(2) }`)
      .replaceAll("heart.png", join(folder, "heart.png")),
  );
  const run = async (...overrides: string[]): Promise<string> => {
    const args = [...typescript, join(folder, "script.ts"), ...overrides];
    return (
      await promisify(execFile)(process.execPath, args, {
        cwd: folder,
        env: { ...process.env, SKIPSTEP_CACHE: folder },
      })
    ).stdout;
  };
  expect(await run()).toMatch(
    /^reused 11 of 20 steps, saved -?\d+% of denoiser time \(\d+% of FLOPs skipped, \d+% realised\)\n$/,
  );
  expect(existsSync(join(folder, "heart.png"))).toBe(true);
  const use = join(folder, "every-other.ts");
  expect(await run(`plugins=[${JSON.stringify({ use })}]`)).toMatch(/^reused 10 of 20 steps/);
});

it("lists every plugin of the repository", () => {
  for (const name of readdirSync(join(root, "plugins"))) expect(readme).toContain(`[${name}](plugins/${name})`);
});

it("links to what is there", () => {
  const targets = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => target!);
  expect(targets.filter((target) => !existsSync(join(root, target)))).toEqual([]);
});
