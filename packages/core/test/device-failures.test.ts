import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createPipeline, type Pipeline } from "../src/index";
import { deviceTrouble } from "../src/runtime/device-trouble";
import { temporaryFolder } from "./checkpoint-files";
import { plantDevice } from "./planted-device";

const model = join(import.meta.dirname, "../../../test/golden/pipelines/dit");
const config = { model, device: "webgpu", generate: { class_labels: [1], num_inference_steps: 2, seed: 3 } };
/** As ONNX Runtime 1.30 and Dawn word them; the second was met on SwiftShader with too little memory. */
const lost = "WebGPU validation failed. [Device] is lost.\n - While calling [Device].CreateBindGroup(...).";
const full =
  'WebGPU validation failed. [Invalid Buffer (unlabeled)] is invalid due to a previous error.\n - While validating entries[1] against { binding: 1 }.\n - While validating [BindGroupDescriptor ""Sqrt""] against [BindGroupLayout "Sqrt"]';
const gone =
  "/onnxruntime_src/onnxruntime/core/providers/webgpu/webgpu_context.cc:136 Initialize(...)::<lambda()> adapter_result.status == wgpu::RequestAdapterStatus::Success was false. Failed to get a WebGPU adapter: No supported adapters\n";

const device = plantDevice(temporaryFolder());
let pipeline: Pipeline;
let expected: Uint8Array;
beforeAll(async () => {
  pipeline = await createPipeline(config);
  expected = await draw(pipeline);
  device.counts();
});
afterEach(() => device.heal());
afterAll(async () => {
  await pipeline.close();
  device.remove();
});

async function draw(from: Pipeline): Promise<Uint8Array> {
  return (await from.generate()).images[0]!.data;
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
    await expect(createPipeline(config)).rejects.toMatchObject({ code: "SKIPSTEP_DEVICE_MEMORY" });
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
