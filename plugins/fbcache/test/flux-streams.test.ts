import { join } from "node:path";
import { expectClose, madeRun, madeStep, openWithPlugins, readSafetensors } from "@skipstep/contract/graph";
import { type Floats, flux, fluxRotaryTables } from "@skipstep/core/model";
import { expect, it } from "vitest";
import { FirstBlockCache } from "../src/index";

const folder = join(import.meta.dirname, "../../../test/golden/flux");

it("spans the text and image streams of FLUX, double and single blocks", async () => {
  const denoiser = await openWithPlugins(flux, folder, [{ use: FirstBlockCache, options: { threshold: 1 } }]);
  const io = readSafetensors(join(folder, "io.safetensors"));
  const inputs = {
    ...Object.fromEntries([...io].map(([name, tensor]) => [name.replace("in.", ""), tensor])),
    ...fluxRotaryTables(denoiser.config, io.get("in.txt_ids") as Floats, io.get("in.img_ids") as Floats),
  };
  const run = madeRun(2, "cond");
  await denoiser.generation(async () => {
    for (const index of [0, 1]) {
      const step = madeStep(run, index);
      const { sample } = await denoiser.pass(inputs, step);
      expectClose(`step ${index}`, sample!, io.get("out.0")!);
    }
  });
  await denoiser.close();
  const [first, rest] = denoiser.regions;
  expect([first!.computed, first!.reused]).toEqual([[0, 1], []]);
  expect([rest!.computed, rest!.reused]).toEqual([[0], [1]]);
  expect([rest!.region.from, rest!.region.to]).toEqual(["transformer_blocks.1", expect.stringMatching(/^single_/)]);
});
