import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  type ConfigInput,
  createPipeline,
  inspectConfig,
  type Pipeline,
  type ProgressEvent,
  validateConfig,
} from "../src/index";
import type { OnProgress } from "../src/loop/progress-listener";
import { deviceTrouble } from "../src/runtime/device-trouble";
import { temporaryFolder } from "./checkpoint-files";
import { holdingProcess } from "./device-turns-process";
import { keepNoRuntime } from "./kept-runtime";
import { plantDevice } from "./planted-device";

const model = join(import.meta.dirname, "../../../test/golden/pipelines/dit");
const config = { model, device: "webgpu", generate: { class_labels: [1], num_inference_steps: 2, seed: 3 } };
/** As ONNX Runtime 1.30 and Dawn word them; the second was met on SwiftShader with too little memory. */
const lost = "WebGPU validation failed. [Device] is lost.\n - While calling [Device].CreateBindGroup(...).";
const full =
  'WebGPU validation failed. [Invalid Buffer (unlabeled)] is invalid due to a previous error.\n - While validating entries[1] against { binding: 1 }.\n - While validating [BindGroupDescriptor ""Sqrt""] against [BindGroupLayout "Sqrt"]';
const gone =
  "/onnxruntime_src/onnxruntime/core/providers/webgpu/webgpu_context.cc:136 Initialize(...)::<lambda()> adapter_result.status == wgpu::RequestAdapterStatus::Success was false. Failed to get a WebGPU adapter: No supported adapters\n";

const folder = temporaryFolder();
const device = plantDevice(folder);
const locks = join(folder, "cache/devices");
let pipeline: Pipeline;
let expected: Uint8Array;
beforeAll(async () => {
  await keepNoRuntime(); // its thread was started without the device
  pipeline = await createPipeline(config);
  expected = await draw(pipeline);
  device.counts();
});
afterEach(() => device.heal());
afterAll(async () => {
  await pipeline.close();
  device.remove();
});

async function draw(from: Pipeline, onProgress?: OnProgress, signal?: AbortSignal): Promise<Uint8Array> {
  return (await from.generate({ onProgress, signal })).images[0]!.data;
}

async function drawOnce(given: ConfigInput): Promise<Uint8Array> {
  const opened = await createPipeline(given);
  try {
    return await draw(opened);
  } finally {
    await opened.close();
  }
}

describe("a device that fails", () => {
  it.each([
    [
      "lost",
      lost,
      "SKIPSTEP_DEVICE_LOST",
      /^"webgpu" was lost while it computed: WebGPU validation failed\. \[Device\] is lost\. /,
    ],
    [
      "without memory",
      full,
      "SKIPSTEP_DEVICE_MEMORY",
      /^"webgpu" has not enough memory for this: .* Make a smaller image/,
    ],
  ])("%s is a coded error, and the next generation draws", async (_, run, code, message) => {
    device.fail({ run });
    const failed = pipeline.generate();
    await expect(failed).rejects.toMatchObject({ code, cause: run });
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.not.toThrow(/\n|While/);
    device.heal();
    const first = device.counts();
    expect(first).toMatchObject({ create: 0, run: 1 }); // what waited for it was not opened again
    expect(first.release).toBeGreaterThan(0);
    expect(await draw(pipeline)).toEqual(expected);
    expect(device.counts()).toMatchObject({ create: first.release, release: 0 });
  });

  it("takes the sessions of other pipelines with it, which draw again", async () => {
    const other = await createPipeline({ ...config, memory: "component" });
    expect(await draw(other)).toEqual(expected);
    device.fail({ run: lost });
    await expect(pipeline.generate()).rejects.toMatchObject({ code: "SKIPSTEP_DEVICE_LOST" });
    device.heal();
    device.counts();
    expect(await draw(other)).toEqual(expected);
    expect(await draw(pipeline)).toEqual(expected);
    expect(device.counts().create).toBeGreaterThan(1);
    await other.close();
  });

  it("that is gone says so each time, until it is there again", async () => {
    device.fail({ run: lost });
    await expect(pipeline.generate()).rejects.toMatchObject({ code: "SKIPSTEP_DEVICE_LOST" });
    device.fail({ create: gone });
    for (const _ of [1, 2])
      await expect(pipeline.generate()).rejects.toThrow(
        '"webgpu" cannot be opened: Failed to get a WebGPU adapter: No supported adapters. The next generation tries again;',
      );
    await expect(createPipeline(config)).rejects.toMatchObject({ code: "SKIPSTEP_PROVIDER_UNAVAILABLE" });
    device.heal();
    expect(await draw(pipeline)).toEqual(expected);
  });

  it("while a pipeline opens is a coded error too, and other pipelines draw", async () => {
    device.fail({ open: full });
    expect(await drawOnce(config)).toEqual(expected); // by the models that are open already
    await expect(createPipeline(config, { threads: 1 })).rejects.toMatchObject({ code: "SKIPSTEP_DEVICE_MEMORY" });
    device.heal();
    expect(await draw(pipeline)).toEqual(expected);
  });

  it("keeps its sessions where the failure is the model's", async () => {
    device.counts();
    device.fail({ run: "Non-zero status code returned while running Add node. Name:'x' Status Message: axis == 1" });
    await expect(pipeline.generate()).rejects.toMatchObject({ code: "SKIPSTEP_RUN_FAILED" });
    device.heal();
    expect(await draw(pipeline)).toEqual(expected);
    expect(device.counts()).toMatchObject({ create: 0, release: 0 });
  });
});

describe("pipelines on one device", () => {
  let two: Pipeline;
  beforeAll(async () => {
    two = await createPipeline(config);
  });
  afterAll(() => two.close());

  it("draw in the order in which they were asked", async () => {
    const order: string[] = [];
    const noting =
      (name: string): OnProgress =>
      ({ kind }) =>
        void (kind === "step" && order.push(name));
    const images = await Promise.all([
      draw(pipeline, noting("a")),
      draw(two, noting("b")),
      draw(pipeline, noting("c")),
    ]);
    expect(order.join("")).toBe("aabbcc");
    for (const image of images) expect(image).toEqual(expected);
    expect(readdirSync(locks)).toEqual([]);
  });

  it("stop waiting at once when they are cancelled, and the others go on", async () => {
    const [own, others] = [new AbortController(), new AbortController()];
    let ended = false;
    const first = draw(pipeline, async ({ kind }) => {
      if (kind !== "encode") return;
      own.abort("of the same pipeline");
      others.abort("of another");
    }).finally(() => {
      ended = true;
    });
    const waiting = [draw(pipeline, undefined, own.signal), draw(two, undefined, others.signal)];
    for (const image of waiting) await expect(image).rejects.toMatchObject({ code: "SKIPSTEP_CANCELLED" });
    expect(ended).toBe(false);
    expect(await draw(two)).toEqual(expected);
    expect(await first).toEqual(expected);
  });

  it("draw inside another's generation, as part of it", async () => {
    const inner: Promise<Uint8Array>[] = [];
    await draw(pipeline, ({ kind }) => {
      if (kind === "decode") inner.push(draw(two));
      return inner[0];
    });
    expect(await inner[0]).toEqual(expected);
    expect(readdirSync(locks)).toEqual([]);
  });

  it("wait for another process and say so, but not to be closed", async () => {
    const holder = await holdingProcess();
    const events: ProgressEvent[] = [];
    const third = await createPipeline(config, {
      onProgress: (event) => {
        events.push(event);
        if (event.kind === "wait") holder.send("end");
      },
    });
    expect(events[0]).toEqual({ kind: "wait", device: "webgpu", process: holder.pid });
    const another = await holdingProcess();
    await third.close();
    another.send("end");
    await once(another, "exit");
  });
});

describe("what drivers say", () => {
  it.each([
    ["lost", lost],
    ["lost", "Failed to download data from buffer. wgpu::MapAsyncStatus value: 4, message: [Device] is lost."],
    ["lost", "vkQueueSubmit failed with VK_ERROR_DEVICE_LOST"],
    [
      "lost",
      "ExecutionProvider.cpp(962) 887A0005 The GPU device instance has been suspended. Use GetDeviceRemovedReason",
    ],
    ["lost", "CUDA failure 719: unspecified launch failure ; GPU=0 ; hostname=a ; expr=cudaStreamSynchronize(stream)"],
    ["memory", full],
    ["memory", "WebGPU validation failed. Buffer size (4800000000) exceeds the max buffer size limit (1073741824)."],
    ["memory", "vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY"],
    ["memory", "CUDA failure 2: out of memory ; GPU=0 ; hostname=a ; expr=cudaMalloc"],
    ["memory", "BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 939524096"],
    ["memory", "BucketizedBufferAllocator.cpp(122) 8007000E Not enough memory resources are available"],
    ["gone", gone],
    ["gone", "CUDA failure 100: no CUDA-capable device is detected ; GPU=0"],
    ["gone", "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version"],
    [
      undefined,
      "Non-zero status code returned while running MatMul node. Status Message: left operand cannot broadcast",
    ],
    [undefined, "a tensor that it needs could not be made"],
    [undefined, "WebGPU validation failed. Error while parsing WGSL: :12:3 error: unresolved value 'x'"],
  ] as const)("%s: %s", (trouble, message) => {
    expect(deviceTrouble(message)).toBe(trouble);
  });
});

describe("what documentation tells of providers", () => {
  const fallen = async (device: string, name: string): Promise<string[]> => {
    const sizes = name === "dit" ? config.generate : { height: 64, width: 64 };
    const { notes } = inspectConfig(await validateConfig({ model: join(model, "..", name), device, generate: sizes }));
    return notes.map(({ text }) => text).filter((text) => text.includes("run on the CPU"));
  };

  it.each(["dit", "z-image", "sd15"])("has kernels on CUDA for the denoiser of %s", async (name) => {
    expect((await fallen("cuda", name)).filter((text) => !text.includes("of text_encoder run"))).toEqual([]);
  });

  it("has none on DirectML of what opset 22 and 23 changed", async () => {
    const [transformer] = await fallen("dml", "dit");
    expect(transformer).toBe(
      '19 nodes of transformer run on the CPU, as "dml" has no kernels for them: Reshape 9, Cos 1, Sin 1, Conv 1, Transpose 2, Gelu 5.',
    );
  });

  it("composes attention for CoreML", async () => {
    const notes = await fallen("coreml", "z-image");
    expect(notes.join()).not.toMatch(/MultiHeadAttention|MatMul|Softmax/);
    expect(notes.at(-1)).toContain("SimplifiedLayerNormalization 55");
  });
});
