import { join } from "node:path";
import {
  type ConfigInput,
  createPipeline,
  type GenerateRequest,
  type GenerateResult,
  type Pipeline,
  type ProgressEvent,
  validateConfig,
} from "@skipstep/core";
import { type Floats, type Hooks, type Manifest, plugin, type Step } from "@skipstep/core/plugin";
import { afterEach, describe, expect, it } from "vitest";
import { engineCache as cacheDir } from "./run-folder";

const generate = { num_inference_steps: 3, height: 64, width: 64, guidance_scale: 4 };
const prompts = ["a cat", "a dog in the rain", "red heart"];
/** What rounding in batches of another size comes to. */
const rounding = 1e-5;

let open: Pipeline | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function pipelineOf(name: string, more: ConfigInput = {}): Promise<Pipeline> {
  const model = join(import.meta.dirname, "golden/pipelines", name);
  open = await createPipeline({ model, generate, ...more }, { cacheDir });
  return open;
}

const requestsOf = (name: string): GenerateRequest[] =>
  prompts.map((prompt, i) => ({ seed: 5 + i, ...(name === "dit" ? { class_labels: [i] } : { prompt }) }));

async function oneByOne(pipeline: Pipeline, requests: readonly GenerateRequest[]): Promise<GenerateResult[]> {
  const results: GenerateResult[] = [];
  for (const request of requests) results.push(await pipeline.generate(request));
  return results;
}

const together = (pipeline: Pipeline, requests: readonly GenerateRequest[]): Promise<GenerateResult[]> =>
  Promise.all(pipeline.generateTogether(requests));

/** Requests that each was drawn in one batch with. */
const beside = (results: readonly GenerateResult[]): number[] =>
  results.map(({ report }) => {
    const [, others = 0] = /^Drawn in one batch with (\d)/.exec(report.notes.at(-1) ?? "") ?? [];
    return Number(others);
  });

function expectSame(found: readonly GenerateResult[], alone: readonly GenerateResult[], most = 0): void {
  for (const [i, { latents, recipe, images, report }] of found.entries()) {
    const wanted = alone[i]!;
    const difference = latents.data.reduce((max, x, at) => Math.max(max, Math.abs(x - wanted.latents.data[at]!)), 0);
    expect(latents.shape).toEqual(wanted.latents.shape);
    expect(difference).toBeLessThanOrEqual(most);
    expect(recipe).toEqual(wanted.recipe);
    expect(images.map(({ text }) => text)).toEqual(wanted.images.map(({ text }) => text));
    expect([report.seed, report.warnings]).toEqual([wanted.report.seed, wanted.report.warnings]);
    if (most === 0) expect(images.map(({ data }) => data)).toEqual(wanted.images.map(({ data }) => data));
  }
}

describe("requests that are drawn together", () => {
  it.each([
    ["dit", [2, 2, 2]],
    ["flux", [2, 2, 2]],
    ["flux2-klein-base", [2, 2, 2]],
    ["pixart", [2, 2, 2]],
    ["qwen-image", [1, 0, 1]], // the second prompt is longer
    ["sd15", [2, 2, 2]],
    ["sd3", [2, 2, 2]],
    ["sdxl", [2, 2, 2]],
    ["z-image", [2, 2, 2]],
  ])("come out of %s as each does alone, to the bit", async (name, others) => {
    const pipeline = await pipelineOf(name);
    const requests = requestsOf(name);
    const found = await together(pipeline, requests);
    expect(beside(found)).toEqual(others);
    expectSame(found, await oneByOne(pipeline, requests));
  });

  it("are the same to rounding where a pass has one row alone", async () => {
    const pipeline = await pipelineOf("sana-sprint", { generate: { ...generate, num_inference_steps: 2 } });
    const found = await together(pipeline, requestsOf("sana-sprint"));
    expect(beside(found)).toEqual([1, 0, 1]);
    expectSame(found, await oneByOne(pipeline, requestsOf("sana-sprint")), rounding);
  });

  it("draw noise of their own in each step, and several images of a seed", async () => {
    const pipeline = await pipelineOf("sd15", { scheduler: { type: "EulerAncestralDiscreteScheduler" } });
    const requests = requestsOf("sd15").map((request) => ({ ...request, num_images_per_prompt: 2 }));
    const found = await together(pipeline, requests);
    expect(beside(found)).toEqual([2, 2, 2]);
    expectSame(found, await oneByOne(pipeline, requests));
  });

  it("go with separate guidance, and with caches that step by step do the same for all", async () => {
    const fora = { use: join(import.meta.dirname, "../plugins/fora"), options: { interval: 2 } };
    const pipeline = await pipelineOf("z-image", { guidance: "separate", plugins: [fora] });
    const found = await together(pipeline, requestsOf("z-image"));
    expect(beside(found)).toEqual([2, 2, 2]);
    expectSame(found, await oneByOne(pipeline, requestsOf("z-image")));
  });

  it("are told of progress each, with their own previews", async () => {
    const pipeline = await pipelineOf("sd15");
    const told: ProgressEvent[][] = [[], [], []];
    const watched = requestsOf("sd15").map((request, i) => ({
      ...request,
      previews: (step: number) => i > 0 && step === 2,
      onProgress: (event: ProgressEvent) => void told[i]!.push(event),
    }));
    expect(beside(await together(pipeline, watched))).toEqual([2, 2, 2]);
    const joined = told.map((events) => [...events]);
    for (const events of told) events.length = 0;
    await oneByOne(pipeline, watched);
    const seen = (events: readonly ProgressEvent[]): unknown[] =>
      events.map((event) =>
        event.kind === "step" ? [event.step, event.of, event.previews?.map(({ data }) => data)] : event.kind,
      );
    expect(joined.map(seen)).toEqual(told.map(seen));
    expect(told[1]!.some((event) => event.kind === "step" && event.previews)).toBe(true);
  });

  it("leave when they are cancelled, or cannot be told of progress, and the others are drawn", async () => {
    const pipeline = await pipelineOf("sd15");
    const [first, second, third] = requestsOf("sd15");
    const alone = await pipeline.generate(second);
    const stop = new AbortController();
    const heard: string[] = [];
    const results = pipeline.generateTogether([
      { ...first, signal: stop.signal, onProgress: ({ kind }) => void heard.push(kind) },
      { ...second, onProgress: ({ kind }) => kind === "step" && stop.abort("enough") },
      {
        ...third,
        onProgress: ({ kind }) => {
          if (kind === "step") throw new Error("nobody is there");
        },
      },
      { seed: -1 },
    ]);
    const settled = await Promise.allSettled(results);
    expect(settled.map((result) => (result.status === "fulfilled" ? "drawn" : result.reason.code))).toEqual([
      "SKIPSTEP_CANCELLED",
      "drawn",
      "SKIPSTEP_PROGRESS_FAILED",
      "SKIPSTEP_REQUEST_INVALID",
    ]);
    expect(heard.filter((kind) => kind === "step")).toHaveLength(1);
    expect(heard).not.toContain("decode");
    expectSame([await results[1]!], [alone]);
  });

  it("stop when none is left", async () => {
    const pipeline = await pipelineOf("sd15");
    const stop = new AbortController();
    let steps = 0;
    const requests = requestsOf("sd15").map((request) => ({
      ...request,
      num_inference_steps: 500,
      signal: stop.signal,
      onProgress: ({ kind }: ProgressEvent) => kind === "step" && ++steps === 3 && stop.abort(),
    }));
    const settled = await Promise.allSettled(pipeline.generateTogether(requests));
    expect(settled.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    const before = steps;
    await pipeline.generate({ prompt: "a cat" }); // waits for the batch
    expect(steps).toBe(before);
    const late = requests.map((request) => ({ ...request, signal: AbortSignal.abort() }));
    await expect(together(pipeline, late)).rejects.toMatchObject({ code: "SKIPSTEP_CANCELLED" });
  });

  it("go alone where they differ in more than prompt and seed, or bring something of their own", async () => {
    const pipeline = await pipelineOf("sd15");
    const [first, second] = requestsOf("sd15") as [GenerateRequest, GenerateRequest];
    const image = { width: 1, height: 1, values: new Float32Array(3) };
    const { latents } = await pipeline.generate(first);
    const others: GenerateRequest[] = [
      { num_inference_steps: 2 },
      { guidance_scale: 1 },
      { scheduler: { type: "DDIMScheduler" } },
      { picture: image, strength: 0.9 },
      { latents },
      { loras: [{ path: join(import.meta.dirname, "golden/extras/lora-kohya-sd15/lora.safetensors"), scale: 1 }] },
      { prompt: "cat ".repeat(90).trim(), prompt_weighting: "a1111" }, // two chunks
    ];
    for (const other of others) {
      const found = await together(pipeline, [{ ...second, ...other }, { ...first }, { ...second }]);
      expect([beside(found), Object.keys(other)]).toEqual([[0, 1, 1], Object.keys(other)]);
      expectSame(found.slice(1), await oneByOne(pipeline, [first, second]));
    }
  });

  it("are joined in whichever order their settings stand", async () => {
    const pipeline = await pipelineOf("sd15", { scheduler: { type: "EulerDiscreteScheduler" } });
    const [clip_skip, sigmas] = [1, [3, 2, 1]];
    const found = await together(pipeline, [
      { prompt: "a cat", clip_skip, sigmas },
      { sigmas, clip_skip, prompt: "a dog" },
    ]);
    expect(beside(found)).toEqual([1, 1]);
  });

  it("are as many at once as there is memory for", async () => {
    const model = join(import.meta.dirname, "golden/pipelines/sd15");
    const wide = { ...generate, num_inference_steps: 1, height: 256, width: 256, prompt: "a cat" };
    const takes = (memory_gb: number, num_images_per_prompt: number): Promise<boolean> =>
      validateConfig({ model, limits: { memory_gb }, generate: { ...wide, num_images_per_prompt } }).then(
        () => true,
        () => false,
      );
    let memory_gb = 0.001;
    while (!(await takes(memory_gb, 2))) memory_gb *= 1.1;
    expect(await takes(memory_gb, 3)).toBe(false);
    const pipeline = await pipelineOf("sd15", { limits: { memory_gb }, generate: wide });
    expect(beside(await together(pipeline, requestsOf("sd15")))).toEqual([1, 1, 0]);
  });

  it("go alone beside a plugin that looks at the whole batch", async () => {
    const looking: [string, object][] = [
      ["fbcache", {}],
      ["magcache", { calibrate: true }],
      ["bnb", { llm_int8_threshold: 0 }], // a checkpoint may have another
      ["guidance", { guider: "AdaptiveProjectedGuidance", adaptive_projected_guidance_norm_dim: [0, 1] }],
      ["guidance", { guider: "AdaptiveProjectedGuidance", adaptive_projected_guidance_norm_dim: -4 }],
    ];
    for (const [name, options] of looking) {
      const use = join(import.meta.dirname, "../plugins", name);
      const pipeline = await pipelineOf("z-image", { plugins: [{ use, options }] });
      expect([name, ...beside(await together(pipeline, requestsOf("z-image")))]).toEqual([name, 0, 0, 0]);
      await pipeline.close();
    }
    const watching = watcher({});
    expect(
      beside(await together(await pipelineOf("sd15", { plugins: [{ use: watching }] }), requestsOf("sd15"))),
    ).toEqual([0, 0, 0]);
    await open!.close();
    const invariant = watcher({ batchInvariant: () => true });
    expect(
      beside(await together(await pipelineOf("sd15", { plugins: [{ use: invariant }] }), requestsOf("sd15"))),
    ).toEqual([2, 2, 2]);
  });

  it("fail alone where what fails is their own: words that are too many, or what says when to decode", async () => {
    const pipeline = await pipelineOf("sd15", { generate: { ...generate, long_prompts: "chunks" } });
    const [first, second, third] = requestsOf("sd15");
    const alone = await pipeline.generate(first);
    const onProgress = (): void => undefined;
    const previews = (): never => {
      throw new RangeError("when?");
    };
    const requests = [{ ...second, prompt: "cat ".repeat(5000) }, { ...third, onProgress, previews }, { ...first }];
    for (const request of requests.slice(0, 2)) await expect(pipeline.generate(request)).rejects.toThrow();
    const [long, unsure, drawn] = await Promise.allSettled(pipeline.generateTogether(requests));
    expect(long).toMatchObject({ status: "rejected", reason: { code: "SKIPSTEP_REQUEST_INVALID" } });
    expect(unsure).toMatchObject({ status: "rejected", reason: { message: "when?" } });
    expectSame([(drawn as PromiseFulfilledResult<GenerateResult>).value], [alone]);
  });

  it("are given their images when their own batch is drawn, whatever becomes of the next", async () => {
    let steps = 0;
    const use = watcher({ batchInvariant: true }, ({ prompts }) => {
      steps++;
      if (prompts.includes("a dog in the house")) throw new Error("no dogs");
    });
    const pipeline = await pipelineOf("qwen-image", { plugins: [{ use }] });
    const [first, second, third] = requestsOf("qwen-image");
    const order: string[] = [];
    const start = performance.now();
    const drawn = pipeline.generateTogether([
      first!,
      { ...second, onProgress: ({ kind }) => kind === "step" && order.push("next") },
      third!,
    ]);
    const seconds = await Promise.all(
      drawn.map(async (result, i) => {
        const { report } = await result;
        order.push(`drawn ${i}`);
        return report.seconds;
      }),
    );
    expect(order).toEqual(["drawn 0", "drawn 2", "next", "next", "next", "drawn 1"]);
    expect(seconds[1]!.total + seconds[0]!.phases.denoise!).toBeLessThan((performance.now() - start) / 1000);
    const both = pipeline.generateTogether([first!, { ...second, prompt: "a dog in the house" }, third!]);
    const settled = await Promise.allSettled(both);
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    steps = 0;
    const stop = new AbortController();
    const leaving = { signal: stop.signal, onProgress: ({ kind }: ProgressEvent) => kind === "step" && stop.abort() };
    const left = pipeline.generateTogether([{ ...first, ...leaving }, { ...second }, { ...third, ...leaving }]);
    expect((await Promise.allSettled(left)).map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected"]);
    expect(steps).toBe(1 + 3);
  });

  it("are drawn one by one where a batch fails: for one of them, or because it is too much at once", async () => {
    const use = watcher({ batchInvariant: true }, ({ index, prompts }) => {
      if (index === 1 && prompts.includes("a dog in the rain")) throw new Error("no dogs");
    });
    const pipeline = await pipelineOf("sd15", { plugins: [{ use }] });
    const requests = requestsOf("sd15");
    const settled = await Promise.allSettled(pipeline.generateTogether(requests));
    expect(settled[1]).toMatchObject({ status: "rejected", reason: { code: "SKIPSTEP_HOOK_FAILED" } });
    const others = [settled[0], settled[2]].map((one) => (one as PromiseFulfilledResult<GenerateResult>).value);
    expect(beside(others)).toEqual([0, 0]);
    expectSame(others, await oneByOne(pipeline, [requests[0]!, requests[2]!]));
  });

  it("are warned of their own latents, and have recipes with the scheduler that they asked for", async () => {
    const use = watcher({ batchInvariant: true }, undefined, ({ index }, latents) => {
      const size = latents.data.length / latents.shape[0]!;
      const data = latents.data.map((value, i) =>
        index === 1 && latents.data[Math.floor(i / size) * size]! > 0 ? Number.NaN : value,
      );
      return { ...latents, data };
    });
    const pipeline = await pipelineOf("sd15", { plugins: [{ use }] });
    const requests = requestsOf("sd15").map((request, i) => ({
      ...request,
      ...(i === 1 ? { scheduler: { type: "PNDMScheduler", steps_offset: 1 } } : {}),
    }));
    const all = [
      ...requests,
      { ...requests[1]!, seed: 8 },
      { ...requests[0]!, seed: 9 },
      { ...requests[0]!, seed: 10 },
    ];
    const found = await together(pipeline, all);
    const alone = await oneByOne(pipeline, all);
    const broken = alone.map(({ report }) => report.warnings.some((warning) => warning.includes("finite")));
    expect(new Set(broken).size).toBe(2);
    expect(beside(found)).toEqual([3, 1, 3, 1, 3, 3]);
    for (const [i, { recipe, report }] of found.entries())
      expect([recipe, report.warnings]).toEqual([alone[i]!.recipe, alone[i]!.report.warnings]);
  });

  it("fail with the name of a plugin whose manifest cannot say whether it keeps images apart", async () => {
    const broken = watcher({
      batchInvariant: () => {
        throw new Error("no options");
      },
    });
    const pipeline = await pipelineOf("sd15", { plugins: [{ use: broken }] });
    await expect(together(pipeline, requestsOf("sd15"))).rejects.toThrow(
      'Plugin "watching" failed in batchInvariant: no options',
    );
    expect((await pipeline.generate({ prompt: "a cat" })).images).toHaveLength(1);
  });

  it("must be a list", async () => {
    const pipeline = await pipelineOf("sd15");
    expect(() => pipeline.generateTogether({} as never)).toThrow(/SKIPSTEP_ARGUMENT_INVALID|requests must be a list/);
    expect(pipeline.generateTogether([])).toEqual([]);
  });
});

function watcher(
  more: Partial<Manifest<object>>,
  look: (step: Step) => void = () => undefined,
  change: NonNullable<Hooks["afterStep"]> = (_, latents) => latents,
): new (
  options: object,
) => Partial<Hooks> {
  class Watcher {
    beforeStep(step: Step): void {
      look(step);
    }

    afterStep(step: Step, latents: Floats): Floats | Promise<Floats> {
      return change(step, latents) as Floats;
    }
  }
  plugin<object>({
    name: "watching",
    description: "Looks on.",
    options: { type: "object", properties: {}, additionalProperties: false } as never,
    ...more,
  })(Watcher as never);
  return Watcher as never;
}
