import { join } from "node:path";
import {
  type ConfigInput,
  createPipeline,
  type Image,
  inspectConfig,
  type MemoryMode,
  type Pipeline,
  validateConfig,
} from "@skipstep/core";
import { Runtime } from "@skipstep/core/model";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { emojiConfig } from "./emoji";
import { engineCache as cacheDir } from "./run-folder";

type Plugins = NonNullable<ConfigInput["plugins"]>;

const openSession = Runtime.prototype.open;
const pipelines = join(import.meta.dirname, "golden/pipelines");

async function withPipeline<T>(config: ConfigInput, body: (pipeline: Pipeline) => Promise<T>): Promise<T> {
  const pipeline = await createPipeline(config, { cacheDir });
  try {
    return await body(pipeline);
  } finally {
    await pipeline.close();
  }
}

/** Two images in a row, so that what was closed is opened again. */
async function imagesOf(config: ConfigInput): Promise<Image[]> {
  return withPipeline(config, async (pipeline) => {
    const first = await pipeline.generate({ prompt: "red heart" });
    const second = await pipeline.generate({ prompt: "house" });
    return [...first.images, ...second.images];
  });
}

function expectSame(found: readonly Image[], expected: readonly Image[]): void {
  expect(found.length).toBe(expected.length);
  for (const [i, { values }] of found.entries()) expect(values).toEqual(expected[i]!.values);
}

describe("memory", () => {
  let resident: readonly Image[];
  beforeAll(async () => {
    resident = await imagesOf(emojiConfig());
  });

  it.each(["sequential", "component"] as const)("%s gives the image of resident, bit for bit", async (memory) => {
    expectSame(await imagesOf(emojiConfig({ memory })), resident);
  });

  it.each<[string, Plugins]>([
    ["fbcache", ["@skipstep/plugin-fbcache"]],
    ["fora, whose regions take in what only they read", ["@skipstep/plugin-fora"]],
    [
      "cache-dit, whose region does so back to the first node",
      [
        {
          use: "@skipstep/plugin-cache-dit",
          options: {
            Fn_compute_blocks: 1,
            max_warmup_steps: 0,
            steps_computation_mask: [1, 0, 1, 0],
            steps_computation_policy: "static",
            calibrator_type: "taylorseer",
            calibrator_cache_type: "hidden_states",
          },
        },
      ],
    ],
  ])("goes with the regions of %s, and with a device for every module", async (_, plugins) => {
    const device_map = { text_encoder: "cpu", transformer: { "layers.0-1": "cpu", "layers.3": "cpu" }, vae: "cpu" };
    const plain = await imagesOf(emojiConfig({ plugins }));
    expectSame(await imagesOf(emojiConfig({ plugins, memory: "sequential", device_map })), plain);
    expectSame(await imagesOf(emojiConfig({ plugins, memory: "component" })), plain);
  });

  it.each(["sd15", "flux"])("gives the same image of %s in every mode", async (name) => {
    const generate = { prompt: "a cat", num_inference_steps: 2, seed: 3, height: 64, width: 64 };
    const values = async (memory: MemoryMode): Promise<Float32Array> =>
      withPipeline({ model: join(pipelines, name), memory, generate }, async (pipeline) => {
        const { images } = await pipeline.generate();
        return images[0]!.values;
      });
    const expected = await values("resident");
    expect(await values("sequential")).toEqual(expected);
    expect(await values("component")).toEqual(expected);
  });

  it("has one component at a time, or one part of it, and inspection tells how much that is", async () => {
    const inspected = async (more: Partial<ConfigInput>) => inspectConfig(await validateConfig(emojiConfig(more)));
    const [all, component, sequential] = await Promise.all([
      inspected({}),
      inspected({ memory: "component" }),
      inspected({ memory: "sequential" }),
    ]);
    const transformer = ({ components }: typeof all) => components.find(({ name }) => name === "transformer")!;
    expect([all.memory, component.memory, sequential.memory]).toEqual(["resident", "component", "sequential"]);
    expect(transformer(all).segments.map(({ ahead, once }) => [ahead, once])).toEqual([
      [true, false],
      [false, true],
      [false, false],
    ]);
    expect(transformer(sequential).segments.length).toBeGreaterThan(3);
    const largest = Math.max(...transformer(sequential).segments.map(({ weightBytes }) => weightBytes));
    expect(largest).toBeLessThan(transformer(all).weightBytes / 3);
    expect(component.estimatedMemory).toBeLessThan(all.estimatedMemory);
    expect(sequential.estimatedMemory).toBeLessThan(component.estimatedMemory);
  });

  it.each([
    ["resident", 5],
    ["component", 3],
    ["sequential", 1],
  ] as const)("%s holds %i sessions at most", async (memory, expected) => {
    let open = 0;
    let most = 0;
    const opened = vi.spyOn(Runtime.prototype, "open").mockImplementation(async function (this: Runtime, ...args) {
      const session = await openSession.apply(this, args);
      most = Math.max(most, ++open);
      const close = session.close.bind(session);
      session.close = () => {
        open--;
        return close();
      };
      return session;
    });
    await imagesOf(emojiConfig({ memory }));
    opened.mockRestore();
    expect(most).toBe(expected);
  });
});

describe("device_map", () => {
  const problem = async (device_map: unknown): Promise<string> => {
    try {
      await withPipeline(emojiConfig({ device_map } as Partial<ConfigInput>), async () => undefined);
    } catch (error) {
      return `${(error as { code: string }).code} ${(error as Error).message}`;
    }
    return "no error";
  };

  it("shares nothing out where there is only a CPU", async () => {
    const { components } = inspectConfig(await validateConfig(emojiConfig({ device_map: "balanced" })));
    expect(components.flatMap(({ segments }) => segments.map(({ device }) => device))).toEqual([
      "cpu",
      "cpu",
      "cpu",
      "cpu",
      "cpu",
    ]);
    const [image] = await imagesOf(emojiConfig({ device_map: "balanced" }));
    expectSame([image!], [(await imagesOf(emojiConfig()))[0]!]);
  });

  it("cuts where its ranges begin and end", async () => {
    const device_map = { transformer: { "layers.1-2": "cuda" } };
    const { components } = inspectConfig(await validateConfig(emojiConfig({ device_map })));
    const { segments } = components.find(({ name }) => name === "transformer")!;
    expect(segments.map(({ device }) => device)).toEqual(["cpu", "cpu", "cpu", "cuda", "cpu"]);
    expect([segments[3]!.from.split(".").slice(0, 2), segments[3]!.to.split(".").slice(0, 2)]).toEqual([
      ["layers", "1"],
      ["layers", "2"],
    ]);
  });

  it.each([
    ["auto", /^SKIPSTEP_CONFIG_INVALID .*\/device_map must be "balanced" or an object.*"auto"/],
    [{ transfomer: "cpu" }, /\/device_map.*"transfomer".*Did you mean "transformer"/],
    [{ transformer: 3 }, /\/device_map\/transformer must be a string or an object/],
    [{ transformer: { "layer.0-1": "cpu" } }, /^SKIPSTEP_DEVICE_MAP \/device_map\/transformer\/layer\.0-1 .*layers\.0/],
    [{ transformer: { "layers.0-99": "cpu" } }, /^SKIPSTEP_DEVICE_MAP .*layers\.0-99/],
    [{ transformer: { "layers.0-2": "cpu", "layers.2": "cpu" } }, /^SKIPSTEP_DEVICE_MAP .*overlap/],
    [{ vae: "nonsense" }, /^SKIPSTEP_PROVIDER_UNAVAILABLE .*"nonsense"/],
  ])("refuses %j", async (device_map, expected) => {
    expect(await problem(device_map)).toMatch(expected);
  });
});
