import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GenerateConfig } from "@skipstep/core";
import type { PluginClass } from "@skipstep/core/plugin";
import { afterAll, expect, it } from "vitest";
import { type ContractOptions, contractChecks } from "../src/index";
import { Bytes, SameAttention, Watching } from "./build-plugins";
import { makeModel } from "./make-model";
import { Skip } from "./skip-plugin";

const folder = mkdtempSync(join(tmpdir(), "skipstep-contract-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Outcome of each check: `holds`, or why it was skipped. */
async function outcomes<Options>(plugin: PluginClass<Options>, options: ContractOptions<Options>): Promise<string[]> {
  const { checks, close } = contractChecks(plugin, { ...options, cacheDir: join(folder, "cache") });
  const found: string[] = [];
  for (const { name, run } of checks) {
    const skipped = await run();
    if (skipped !== undefined) found.push(`${name}: ${skipped}`);
  }
  await close();
  return [`${checks.length} checks`, ...found];
}

/** Of a plugin that does not speak of batches. */
const batches =
  "draws each image of a batch as it would alone, where it says so: its manifest does not say that it is batchInvariant";

/** Of a plugin that does its work in blocks and weights. */
const noPasses =
  "does the same with guidance in one batch and separate, where it has a hand in passes: it has neither guidance nor predict";

/** Of Z-Image, which the suite's own model is. */
const wholeControl =
  "computes the step at which a ControlNet ceases to steer, and the one at which it begins: the family's ControlNets steer all steps";

it("holds for a sound plugin that skips blocks, with nothing left out", async () => {
  const options = { exact: { every: 1 }, active: { every: 2 }, tolerance: 0.1 };
  expect(await outcomes(Skip, options)).toEqual(["33 checks", noPasses, wholeControl]);
});

it("holds for a plugin that stores weights", async () => {
  expect(await outcomes(Bytes, { active: {}, exact: { least: 1e9 }, tolerance: 0.2 })).toEqual([
    "33 checks",
    batches,
    noPasses,
    wholeControl,
  ]);
});

it("holds for a plugin that emits attentions, equal as they are", async () => {
  expect(await outcomes(SameAttention, { active: {}, tolerance: 1e-4 })).toEqual([
    "30 checks",
    "is seen in the latents when it says that something is lost: another form of attention may give the same numbers",
    batches,
    noPasses,
    wholeControl,
  ]);
});

it("holds for a plugin that only watches", async () => {
  expect(await outcomes(Watching, { exact: {} })).toEqual([
    "28 checks",
    "is reported as without effect then, which is an error with strict: with its exact options it works without changing numbers",
    batches,
    noPasses,
  ]);
});

it("leaves out what the contract's own request does not allow", async () => {
  const generate: GenerateConfig = {
    prompt: "a cat",
    sigmas: [1, 0.7, 0.3],
    num_inference_steps: 3,
  };
  const options = {
    active: { every: 2 },
    tolerance: 0.2,
    generate: { ...generate, guidance_scale: 2, height: 32, width: 32 },
  };
  expect(await outcomes(Skip, options)).toEqual([
    "30 checks",
    "takes another number of steps in between: its contract gives the noise levels",
    noPasses,
    wholeControl,
    "releases what it keeps: more steps need no more memory: its contract gives the noise levels",
  ]);
});

it("comes with the model that make-model makes, small enough to ship", () => {
  const shipped = join(import.meta.dirname, "../models/z-image");
  makeModel(join(folder, "model"));
  const files = readdirSync(shipped, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(shipped, name)).isFile(),
  );
  expect(files.sort()).toEqual(
    readdirSync(join(folder, "model"), { recursive: true, encoding: "utf8" })
      .filter((name) => statSync(join(folder, "model", name)).isFile())
      .sort(),
  );
  for (const name of files)
    expect(readFileSync(join(shipped, name)).equals(readFileSync(join(folder, "model", name))), name).toBe(true);
  expect(files.reduce((sum, name) => sum + statSync(join(shipped, name)).size, 0)).toBeLessThan(1.7e6);
});

it("lists every check in its README, in order", async () => {
  const { checks, close } = contractChecks(Skip, { exact: { every: 1 }, active: { every: 2 }, tolerance: 0.1 });
  await close();
  const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
  expect([...readme.matchAll(/^- (.*)$/gm)].map(([, name]) => name)).toEqual(checks.map(({ name }) => name));
});
