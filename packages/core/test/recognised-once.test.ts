import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { zImage } from "../src/families/z-image/model";
import { createPipeline, inspectConfig, planImages, validateConfig } from "../src/index";
import { Catalogue } from "../src/start/catalogue";
import * as checkpoints from "../src/weights/checkpoint/checkpoint";

const model = join(import.meta.dirname, "../../contract/models/z-image");
const config = { model, generate: { prompt: "a cat", num_inference_steps: 1, height: 32, width: 32, seed: 1 } };
const opened = vi.spyOn(checkpoints, "openCheckpoint");
const parse = vi.spyOn(zImage, "parse");
const familyOf = vi.spyOn(Catalogue.prototype, "familyOf");
afterEach(() => {
  vi.clearAllMocks();
});

const counts = (): readonly number[] => [opened, familyOf, parse].map(({ mock }) => mock.calls.length);

it("a pipeline opens its checkpoint, finds its family and parses a component once each, and no image does again", async () => {
  const pipeline = await createPipeline(config, { cacheDir, threads: 1 });
  expect(counts()).toEqual([1, 1, 1]);
  await pipeline.generate();
  await pipeline.close();
  expect(counts()).toEqual([1, 1, 1]);
});

it("a checked config is inspected and planned by what was recognised then", async () => {
  const checked = await validateConfig(config);
  inspectConfig(checked);
  planImages(checked);
  expect(counts()).toEqual([1, 1, 1]);
});
