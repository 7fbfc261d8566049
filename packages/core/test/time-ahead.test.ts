import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { safetensors } from "@skipstep/contract/graph";
import { Fora } from "@skipstep/plugin-fora";
import { afterAll, describe, expect, it } from "vitest";
import { type ConfigInput, createPipeline, type GenerateRequest, type GenerateResult } from "../src/index";
import { plugin } from "../src/plugin";
import type { SchedulerDefinition } from "../src/schedulers/define-scheduler";
import { ownSchedulers } from "../src/schedulers/own-schedulers";

const pipelines = join(import.meta.dirname, "../../../test/golden/pipelines");
const cacheDir = mkdtempSync(join(tmpdir(), "skipstep-ahead-"));
afterAll(() => rmSync(cacheDir, { recursive: true }));

/** How schedulers tell their timesteps: beforehand, as they go, or beforehand and then others. */
let told: "beforehand" | "as they go" | "wrongly" = "beforehand";

/** Core's schedulers under other names, which tell their timesteps as this file says. */
const telling = ownSchedulers.map(
  (definition): SchedulerDefinition => ({
    ...definition,
    className: `Telling${definition.className}`,
    make: (options, schedule) => {
      const scheduler = definition.make(options, schedule);
      const right = scheduler.timesteps.slice();
      if (told === "wrongly") scheduler.timesteps.fill(500, 1);
      return {
        ...scheduler,
        adaptive: told === "as they go",
        step: (output, index, ...rest) => {
          scheduler.timesteps.set(right);
          return scheduler.step(output, index, ...rest);
        },
      };
    },
  }),
);

@plugin<Record<string, never>>({
  name: "telling",
  description: "Schedulers that tell their timesteps, or do not.",
  options: { type: "object", additionalProperties: false, required: [], properties: {} },
  schedulers: telling,
})
class Telling {}

/** Largest difference of the finished latents. */
function apart(a: GenerateResult, b: GenerateResult): number {
  expect(a.latents.shape).toEqual(b.latents.shape);
  return a.latents.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.latents.data[i]!)), 0);
}

/** Draws requests with one pipeline, each with timesteps told in each way. */
async function drawn(
  model: string,
  scheduler: string,
  config: Partial<ConfigInput>,
  requests: readonly GenerateRequest[],
): Promise<Record<typeof told, GenerateResult>[]> {
  const type = `Telling${scheduler}`;
  const plugins = [...(config.plugins ?? []), { use: Telling }];
  const pipeline = await createPipeline(
    { ...config, model: join(pipelines, model), scheduler: { type }, plugins },
    { cacheDir, threads: 1 },
  );
  try {
    const results: Record<typeof told, GenerateResult>[] = [];
    for (const request of requests) {
      const result = {} as Record<typeof told, GenerateResult>;
      for (const way of ["beforehand", "as they go", "wrongly"] as const) {
        told = way;
        result[way] = await pipeline.generate(request);
      }
      results.push(result);
    }
    return results;
  } finally {
    told = "beforehand";
    await pipeline.close();
  }
}

const note = (name: string, parts: string): unknown =>
  expect.stringMatching(new RegExp(`^${name} does not tell its timesteps before they come: .* each step of ${parts},`));

function expectSame(
  { beforehand, "as they go": each, wrongly }: Record<typeof told, GenerateResult>,
  scheduler: string,
  parts: string,
): void {
  expect(apart(beforehand, each)).toBeLessThan(1e-5);
  expect(apart(beforehand, wrongly)).toBeLessThan(1e-5);
  expect(each.report.notes).toContainEqual(note(`Telling${scheduler}`, parts));
  expect(wrongly.report.notes).toContainEqual(note(`Telling${scheduler}`, parts));
  expect(beforehand.report.notes.join()).not.toMatch(/does not tell/);
}

/** A LoRA for modulations of FLUX's blocks. */
function modulationLora(): string {
  const wave = (shape: readonly number[]) => ({
    dtype: "float32" as const,
    shape,
    bytes: Float32Array.from({ length: shape[0]! * shape[1]! }, (_, i) => Math.sin(i)),
  });
  const tensors = ["transformer_blocks.1.norm1.linear", "single_transformer_blocks.0.norm.linear"].flatMap(
    (name, i): [string, ReturnType<typeof wave>][] => [
      [`transformer.${name}.lora_A.weight`, wave([2, 32])],
      [`transformer.${name}.lora_B.weight`, wave([[192, 96][i]!, 2])],
    ],
  );
  const file = join(cacheDir, "modulation.safetensors");
  writeFileSync(file, safetensors(Object.fromEntries(tensors)));
  return file;
}

describe("images with what the timestep decides computed ahead", () => {
  it("are those of each step by itself: classes, and a cache of branches, whose FLOPs count it once", async () => {
    const generate = { class_labels: [1, 2], num_inference_steps: 4, seed: 1 };
    const [result] = await drawn("dit", "DDIMScheduler", { generate, plugins: [{ use: Fora }] }, [{}]);
    expectSame(result!, "DDIMScheduler", "transformer");
    const share = (way: typeof told): number => result![way].report.plugins[0]!.compute!.skippedShare;
    expect(share("beforehand")).toBeGreaterThan(share("as they go"));
    expect(apart(result!.beforehand, result!.wrongly)).toBeLessThan(1e-5);
  });

  it("are the same with two calls a step, and guidance branches apart", async () => {
    const size = { height: 32, width: 32, num_inference_steps: 2, seed: 1 };
    const generate = { prompt: "a cat", negative_prompt: "dark", guidance_scale: 3, ...size };
    const [result] = await drawn("sd15", "HeunDiscreteScheduler", { generate, guidance: "separate" }, [{}]);
    expectSame(result!, "HeunDiscreteScheduler", "unet");
  });

  it("are the same from an image on, of several prompts, and with a LoRA in modulations at the request", async () => {
    const size = { height: 32, width: 32, num_inference_steps: 4, seed: 1, max_sequence_length: 16 };
    const generate = { prompt: ["a cat", "a dog"], num_images_per_prompt: 2, ...size };
    const values = new Float32Array(3 * 32 * 32).map((_, i) => (i % 7) / 7);
    const picture = { width: 32, height: 32, values };
    const [plain, begun, beside] = await drawn("flux", "FlowMatchEulerDiscreteScheduler", { generate }, [
      {},
      { picture, strength: 0.8 },
      { loras: [{ path: modulationLora(), scale: 0.5 }] },
    ]);
    for (const result of [plain!, begun!, beside!])
      expectSame(result, "FlowMatchEulerDiscreteScheduler", "transformer");
    expect(apart(plain!.beforehand, beside!.beforehand)).toBeGreaterThan(0.01);
    expect(apart(plain!.beforehand, begun!.beforehand)).toBeGreaterThan(0.01);
  });
});
