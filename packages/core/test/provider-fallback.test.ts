import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type ConfigInput, createPipeline, type Inspection, inspectConfig, validateConfig } from "@skipstep/core";
import { describe, expect, it, vi } from "vitest";
import { ChannelsLast } from "../../../plugins/channels-last/src/index";
import { draw } from "../../../test/draw";
import { temporaryFolder } from "../../../test/emoji";
import { kernelCases } from "../src/compiler/probe/kernel-cases";
import { runCases, type Tried } from "../src/compiler/probe/run-cases";
import * as profiles from "../src/compiler/providers/profile";
import { asItIs, formsFor, kernelOf, operatorName } from "../src/compiler/providers/profile";
import { type Node, withBodies } from "../src/graph/value";
import { Runtime } from "../src/runtime/runtime";
import { buildModels } from "../src/start/build-model";
import { expectedFallback } from "../src/start/fallback-notes";

const webgpu = profiles.profileOf("webgpu");

const root = join(import.meta.dirname, "../../..");
const cacheDir = temporaryFolder();
const pipelines = join(root, "test/golden/pipelines");
const fixtures = readdirSync(pipelines).filter((name) => existsSync(join(pipelines, name, "model_index.json")));
const models = [
  join(root, "models/emoji"),
  join(root, "models/emoji-unet"),
  ...fixtures.map((name) => join(pipelines, name)),
];

function on(device: string, model: string, more: Partial<ConfigInput> = {}): ConfigInput {
  const subject = model.endsWith("dit") ? { class_labels: [1] } : { prompt: "a red heart" };
  return { model, device, generate: { ...subject, num_inference_steps: 1, height: 64, width: 64 }, ...more };
}

async function inspected(config: ConfigInput): Promise<Inspection> {
  return inspectConfig(await validateConfig(config));
}

/** In int8, which has no kernels on WebGPU. */
const int8 = { plugins: [{ use: ChannelsLast, options: { int8: "dynamic" }, components: ["unet"] }] } as const;
const unet = join(pipelines, "sd15");
const told =
  /^channels-last: \d+ nodes of unet run on the CPU, as "\w+" has no kernels for them: .*MatMulIntegerToFloat \d+/;

/** Cases of the models' kernels, in each form that they may have on WebGPU. */
const tried = new Map<string, Tried>();
/** Kernels of theirs that are not tried. */
const untried = new Set<string>();

function note(node: Node): void {
  const own = kernelCases[operatorName(node)]?.(node);
  if (!own && kernelOf(webgpu, node)) untried.add(operatorName(node));
  for (const form of formsFor(webgpu, node))
    if (own && form.emit) tried.set(`${own.name}: ${form.name}`, { op: node.op, case: own, form });
}

describe("nodes that fall to the CPU", () => {
  it.each(models)("are none in %s on WebGPU, before anything is tried", async (model) => {
    const { model: recognised, plugins, config } = await validateConfig(on("webgpu", model));
    const { models: built } = buildModels(recognised, plugins, config);
    for (const one of built) {
      one.weights.close();
      for (const node of withBodies(one.plan.segments.flatMap(({ nodes }) => nodes))) note(node);
    }
    for (const one of built) {
      expect(expectedFallback(one, "webgpu"), one.name).toEqual({ devices: ["webgpu"], counts: {}, plugins: {} });
      expect(expectedFallback(one, "cpu")).toBeUndefined();
    }
  });

  it("are told by inspect where a plugin brings them, with its name", async () => {
    const { components, notes } = await inspected(on("webgpu", unet, int8));
    const own = components.find(({ name }) => name === "unet")!;
    expect(own.cpuNodes).toMatchObject({ "com.microsoft/MatMulIntegerToFloat": expect.any(Number) });
    expect(notes).toContainEqual({ kind: "warning", text: expect.stringMatching(told) });
    expect(components.find(({ name }) => name === "text_encoder")!.cpuNodes).toEqual({});
  });

  it.each(["vae", "unet"])("are none in the %s with its channels last, which has loops on the CPU", async (name) => {
    const { components } = await inspected(
      on("webgpu", unet, { plugins: [{ use: ChannelsLast, components: [name] }] }),
    );
    expect(components.map(({ cpuNodes }) => cpuNodes)).toEqual([{}, {}, {}]);
  });

  it("are counted by the report, and strict refuses them before anything is compiled", async () => {
    // The CPU in place of WebGPU: it is emitted for, tried and counted as that is.
    const standIn = vi.spyOn(profiles, "profileOf").mockImplementation(() => webgpu);
    try {
      const dit = on("cpu", join(pipelines, "dit"));
      const { report } = await draw(dit, cacheDir);
      expect(report.cpuNodes).toEqual({ transformer: {}, vae: {} });
      // ONNX Runtime is asked as well, which puts everything on the CPU here.
      await expect(draw({ ...dit, strict: true }, cacheDir)).rejects.toMatchObject({
        code: "SKIPSTEP_PROVIDER_FALLBACK",
        message: expect.stringMatching(/segment-0\.onnx has nodes for which "cpu" has no kernels/),
      });
      const { cpuNodes, warnings } = (await draw(on("cpu", unet, int8), cacheDir)).report;
      const counts = (await inspected(on("webgpu", unet, int8))).components.map(({ name, cpuNodes }) => [
        name,
        cpuNodes,
      ]);
      expect(cpuNodes).toEqual(Object.fromEntries(counts));
      expect(warnings).toContainEqual(expect.stringMatching(told));
      const fresh = temporaryFolder();
      await expect(
        createPipeline(on("cpu", unet, { ...int8, strict: true }), { cacheDir: fresh }),
      ).rejects.toMatchObject({
        code: "SKIPSTEP_PROVIDER_FALLBACK",
        message: expect.stringMatching(/^unet is on "cpu", which has no/),
      });
      expect(existsSync(join(fresh, "engines"))).toBe(false);
    } finally {
      standIn.mockRestore();
    }
  });

  it("are counted by the report in functions that are opened late, for the generations that asked for them", async () => {
    const standIn = vi.spyOn(profiles, "profileOf").mockImplementation(() => webgpu);
    const plugins = int8.plugins.map((use) => ({ ...use, components: ["vae"] }));
    const pipeline = await createPipeline(on("cpu", unet, { plugins }), { cacheDir });
    try {
      const picture = { width: 64, height: 64, values: new Float32Array(64 * 64 * 3) };
      const drawn = (await pipeline.generate({ picture, strength: 1 })).report;
      expect(Object.keys(drawn.cpuNodes!)).toEqual(["text_encoder", "unet", "vae", "vae/encode"]);
      expect(drawn.cpuNodes!["vae/encode"]).toMatchObject({ "com.microsoft/MatMulIntegerToFloat": expect.any(Number) });
      expect(drawn.warnings).toContainEqual(
        expect.stringMatching(/^channels-last: \d+ nodes of vae\/encode run on the CPU/),
      );
      const plain = (await pipeline.generate()).report;
      expect(Object.keys(plain.cpuNodes!)).toEqual(["text_encoder", "unet", "vae"]);
      expect(plain.warnings.join()).not.toContain("vae/encode");
    } finally {
      await pipeline.close();
      standIn.mockRestore();
    }
  });
});

it("every kernel that these models use is tried, and each form gives on the CPU what the operator gives", async () => {
  expect([...untried].sort()).toEqual(["ArgMax", "GatherND"]); // of whole numbers, which are exact or far off
  const runtime = await Runtime.start({ provider: "cpu" });
  const all = [...tried.values()];
  const [found, expected] = [
    await runCases(runtime, "cpu", all),
    await runCases(
      runtime,
      "cpu",
      all.map((one) => ({ ...one, form: asItIs })),
    ),
  ];
  await runtime.close();
  expect(all.length).toBeGreaterThan(10);
  for (const [i, outputs] of expected.entries())
    for (const [j, values] of (outputs as readonly Float32Array[]).entries()) {
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const off = values.reduce(
        (most, value, k) => Math.max(most, Math.abs(value - (found[i]![j] as Float32Array)[k]!)),
        0,
      );
      expect(off / largest, [...tried.keys()][i]).toBeLessThan(1e-5);
    }
});
