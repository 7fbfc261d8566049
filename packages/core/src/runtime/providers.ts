import { list } from "../errors/nearest";
import type { JsonSchema } from "../schema/json-schema";
import { choice, flag, integer, list as listOf } from "../schema/option";

/** `cuda` of `cuda:1`. */
export function providerOf(device: string): string {
  return device.split(":")[0]!;
}

/** The number of one of a provider's devices, where a config says one: 1 of `cuda:1`. */
export function deviceNumber(device: string): number | undefined {
  const [, number] = device.split(":");
  return number === undefined ? undefined : Number(number);
}

/** The platform and the processor of this process. `linux-x64` */
export const thisPlatform = `${process.platform}-${process.arch}`;

/** What onnxruntime-node 1.30.0 is built with, by platform and processor, as its binaries tell. */
export const builtProviders: Readonly<Record<string, readonly string[]>> = {
  "linux-x64": ["cpu", "webgpu", "cuda", "tensorrt"],
  "linux-arm64": ["cpu"],
  "darwin-arm64": ["cpu", "webgpu", "coreml"],
  "win32-x64": ["cpu", "dml", "webgpu"],
  "win32-arm64": ["cpu", "dml", "webgpu"],
};

/** What others call a provider, or what runs there. */
const otherNames: Readonly<Record<string, string>> = {
  directml: "dml",
  gpu: "webgpu",
  vulkan: "webgpu",
  metal: "webgpu",
  mps: "coreml",
  nvidia: "cuda",
};

/**
 * Why a provider is not to be had here, before it is tried; nothing where it is.
 * @param built those of this build of ONNX Runtime
 */
export function notBuilt(device: string, built: readonly string[]): string | undefined {
  const given = providerOf(device);
  const number = deviceNumber(device);
  const name = otherNames[given] ?? given;
  const called = name === given ? "it" : `it as "${name}"`;
  const where = Object.keys(builtProviders).filter((platform) => builtProviders[platform]!.includes(name));
  if (built.includes(given)) {
    if (number === undefined || (Number.isInteger(number) && "deviceId" in (providerOptions[given] ?? {})))
      return undefined;
    return `devices of "${given}" have no numbers that it takes: "${given}" is the one that ${given === "cpu" ? "there is" : "its driver gives"}`;
  }
  if (built.includes(name)) return `ONNX Runtime calls it "${name}"`;
  if (where.length > 0) return `onnxruntime-node has ${called} on ${list(where)} only, and this is ${thisPlatform}`;
  return `onnxruntime-node has none of that name; on ${thisPlatform} it has ${list(built)}`;
}

/** Of one provider, by its names in ONNX Runtime. */
export type ProviderOptions = Readonly<Record<string, unknown>>;

const bufferCaches = ["disabled", "lazyRelease", "simple", "bucket"] as const;

function bufferCache(of: string, usual: string): JsonSchema {
  return choice(undefined, bufferCaches, `What becomes of ${of} that nobody needs any more; "${usual}" when left out.`);
}

const deviceId = integer(undefined, { minimum: 0, maximum: 1023, description: "Which device; 0 when left out." });

/** Options that onnxruntime-node 1.30.0 passes on: of others, such as CUDA's `gpu_mem_limit`, it knows nothing. */
export const providerOptions: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>> = {
  webgpu: {
    preferredLayout: choice(
      undefined,
      ["NCHW", "NHWC"],
      'How convolutions lay out their tensors; "NCHW" when left out.',
    ),
    validationMode: choice(
      undefined,
      ["disabled", "wgpuOnly", "basic", "full"],
      'How much is checked; "basic" when left out. With "disabled", a mistake ends the process.',
    ),
    enableRobustness: flag(undefined, "Checks bounds inside of kernels."),
    storageBufferCacheMode: bufferCache("memory of tensors", "bucket"),
    uniformBufferCacheMode: bufferCache("memory of sizes", "simple"),
    queryResolveBufferCacheMode: bufferCache("memory of measurements", "disabled"),
    defaultBufferCacheMode: bufferCache("other memory", "disabled"),
    forceCpuNodeNames: listOf(
      undefined,
      { type: "string", minLength: 1 },
      { maxItems: 1000, description: "Names of nodes that run on the CPU." },
    ),
  },
  cuda: { deviceId },
  tensorrt: { deviceId },
  dml: { deviceId },
  coreml: {
    coreMlFlags: integer(undefined, {
      minimum: 0,
      maximum: 63,
      description:
        "Sum of 1 (CPU only), 2 (bodies too), 4 (only with a neural engine), 8 (fixed sizes only), 16 (as an ML program) and 32 (CPU and GPU).",
    }),
  },
};
