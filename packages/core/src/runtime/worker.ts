/** The runtime's thread: owns the sessions and the tensors. Errors leave as plain text; the main thread words them. */
import { parentPort, workerData } from "node:worker_threads";
import { env, InferenceSession, listSupportedBackends, Tensor as OrtTensor } from "onnxruntime-node";
import type { DeviceSession } from "./device-memory";
import { DeviceStores } from "./device-stores";
import { deviceTrouble } from "./device-trouble";
import { ExitGate } from "./exit-gate";
import { int8SumsOverflow } from "./int8-sums";
import { OrtSessions } from "./ort-sessions";
import {
  arrays,
  type CallName,
  type Calls,
  type Device,
  type DeviceFailure,
  type Message,
  type OpenOptions,
  type Reply,
  type WireTensor,
} from "./protocol";
import { deviceNumber, providerOf } from "./providers";
import { compute } from "./worker-math";
import { WorkerValues } from "./worker-values";

type Handlers = {
  [Name in CallName]: (ask: Calls[Name]["ask"]) => Calls[Name]["answer"] | Promise<Calls[Name]["answer"]>;
};

/** Model with one node, y = -x: the smallest thing that makes a provider show whether it works. */
const probeModel = Buffer.from("CAg6KgoLCgF4EgF5IgNOZWcSAWdaCwoBeBIGCgQIARIAYgsKAXkSBgoECAESAEICEBE=", "base64");

/** Model with one node that puts 4 channels into a block: its result has as many channels as a block. */
const blockModel = Buffer.from(
  "CAg6aQopCgF4EgF5IgxSZW9yZGVySW5wdXQ6E2NvbS5taWNyb3NvZnQubmNod2MSAWdaGwoBeBIWChQIARIQCgIIAQoCCAQKAggBCgIIAWIcCgF5EhcKFQgBEhEKAggBCgMSAWMKAggBCgIIAUIECgAQDUIXChNjb20ubWljcm9zb2Z0Lm5jaHdjEAE=",
  "base64",
);

const port = parentPort!;
const gate = new ExitGate(workerData as SharedArrayBuffer);
const sessions = new OrtSessions();
const values = new WorkerValues();
const stores = new DeviceStores(values, sessions);
const unsignedInt8 = int8SumsOverflow();

env.logLevel = "fatal"; // what fails is thrown as well, and reported once

/** What evaluates a cast of a constant: at every level, and at the last one behind all others. */
const foldingCasts = "ConstantFolding;FuseFp16InitializerToFp32NodeTransformer";

/** `cuda:1` is the second of a provider's devices. */
function executionProvider({ provider, settings }: Device): InferenceSession.ExecutionProviderConfig {
  const number = deviceNumber(provider);
  const options = { ...settings, ...(number === undefined ? {} : { deviceId: number }) };
  const name = providerOf(provider);
  return Object.keys(options).length === 0 ? name : { name, ...options };
}

function sessionOptions({
  threads,
  disablePrepacking,
  arena,
  castsStay,
  noFallback,
  ...device
}: OpenOptions): InferenceSession.SessionOptions {
  return {
    executionProviders: [executionProvider(device)],
    logSeverityLevel: 4,
    enableCpuMemArena: arena,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    extra: {
      session: {
        // Threads that spin between two runs take the cores from the next session: 24 in a row cost 291 ms, not 20. A
        // moment between two operators spares waking them: a step of the emoji model takes 12% to 20% less.
        intra_op: { allow_spinning: "1", spin_duration_us: "20" },
        // Signed int8 weights become unsigned ones, which takes twice as long and is right everywhere.
        ...(unsignedInt8 ? { x64quantprecision: "1" } : {}),
        ...(disablePrepacking ? { disable_prepacking: "1" } : {}),
        ...(noFallback ? { disable_cpu_ep_fallback: "1" } : {}),
      },
      // Both put a float32 copy of each weight into memory.
      ...(castsStay ? { optimization: { disable_specified_optimizers: foldingCasts } } : {}),
    },
  };
}

/** For models of one node. */
function probeOptions({ provider, settings }: Device): OpenOptions {
  return { provider, settings, disablePrepacking: false, arena: true, castsStay: false, noFallback: false };
}

function toOrt({ dtype, data, shape }: WireTensor): OrtTensor {
  return new OrtTensor(dtype as "float32", data as Float32Array, shape);
}

function sizesVector(sizes: readonly number[]): OrtTensor {
  return new OrtTensor("int64", BigInt64Array.from(sizes, BigInt), [sizes.length]);
}

/** ONNX Runtime gives float16 as Float16Array where Node has it; the runtime's are always Uint16Array. */
function fromOrt({ type, data, dims }: OrtTensor): WireTensor {
  const dtype = type as WireTensor["dtype"];
  const { buffer, byteOffset, length } = data as Float32Array<ArrayBuffer>;
  return { dtype, shape: dims, data: new arrays[dtype](buffer, byteOffset, length) };
}

function portTypes(metadata: readonly InferenceSession.ValueMetadata[]): { name: string; type: string }[] {
  return metadata.map((port) => ({ name: port.name, type: port.isTensor ? port.type : "no tensor" }));
}

const handlers: Handlers = {
  providers: () => listSupportedBackends().map(({ name }) => name),

  async probe(device) {
    try {
      const x: WireTensor = { dtype: "float32", shape: [1], data: Float32Array.of(1) };
      await handlers.try({ ...device, model: probeModel, inputs: { x } });
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  },

  async try({ model, inputs, ...device }) {
    const session = await InferenceSession.create(model, sessionOptions(probeOptions(device)));
    try {
      const feeds = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, toOrt(tensor)]));
      const results = await session.run(feeds);
      return Object.fromEntries(
        Object.entries(results).map(([name, { data }]) => [name, Float32Array.from(data as Float32Array, Number)]),
      );
    } finally {
      await session.release();
    }
  },

  async hold({ session: id, ...device }) {
    await sessions.open(id, probeModel, device.provider, sessionOptions(probeOptions(device)));
  },

  async convolutionBlock() {
    try {
      const session = await InferenceSession.create(blockModel, sessionOptions(probeOptions({ provider: "cpu" })));
      const { y } = await session.run({ x: new OrtTensor("float32", new Float32Array(4), [1, 4, 1, 1]) });
      await session.release();
      return y!.dims[1];
    } catch {
      return undefined; // a build of ONNX Runtime, or a machine, without such kernels
    }
  },

  async open({ session: id, path, options }) {
    const { provider } = options;
    const store = stores.of(provider, () => sessionOptions(probeOptions(options)));
    const session = await sessions.open(id, path, provider, sessionOptions(options), store);
    return { inputs: portTypes(session.inputMetadata), outputs: portTypes(session.outputMetadata) };
  },

  async run({ session: id, inputs, outputs }) {
    const store = sessions.storeOf(id);
    const feeds: Record<string, OrtTensor> = {};
    for (const [name, value] of inputs)
      if (typeof value !== "number") feeds[name] = sizesVector(value);
      else feeds[name] = (store ? undefined : values.here(value)) ?? (await values.feed(value, store));
    const session = await sessions.take(id); // after the inputs: what they come from may have failed with its device
    const names = outputs.map(([name]) => name);
    const { results, seconds } = await (store ? store.run(session, feeds, names) : timedRun(session, feeds, names));
    const forms = outputs.map(([name, , shape]) => {
      const { type, dims } = results[name]!;
      if (shape && shape.join() !== dims.join())
        throw new Error(`"${name}" became [${dims.join(", ")}]; its graph says [${shape.join(", ")}]`);
      return { dtype: type as WireTensor["dtype"], shape: dims };
    });
    for (const [name, value] of outputs) values.put(value, results[name]!, store, session);
    return { outputs: forms, seconds };
  },

  idle: () => undefined,

  async close({ sessions: ids }) {
    for (const id of ids) await sessions.close(id, (session) => values.leave(session));
    await stores.closeIdle();
  },

  read: async ({ value }) => fromOrt(await values.read(value)),

  compute: (ask) => compute(values, ask),

  async rows({ tables, count, rows }) {
    for (const [table, output, shape] of tables)
      await compute(values, { operation: "rows", inputs: [table], coefficients: [count, ...rows], output, shape });
    return undefined;
  },
};

async function timedRun(session: DeviceSession, feeds: Record<string, OrtTensor>, names: readonly string[]) {
  const start = performance.now();
  const results = await session.run(feeds, names);
  return { results, seconds: (performance.now() - start) / 1000 };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether it was a device that failed a call. Its sessions are closed then, and opened again by what runs next. */
async function deviceFailure(ask: unknown, message: string): Promise<DeviceFailure | undefined> {
  const trouble = deviceTrouble(message);
  if (!trouble) return undefined;
  const { session, provider, options } = ask as { session?: number; provider?: string; options?: OpenOptions };
  const device = provider ?? options?.provider ?? (session === undefined ? undefined : sessions.deviceOf(session));
  const name = device ?? sessions.accelerator;
  if (name === undefined || name === "cpu") return undefined;
  await stores.drop(name);
  return { name, trouble };
}

async function answer(call: number, name: CallName, ask: unknown): Promise<void> {
  if (!gate.enter()) return;
  try {
    const handler = handlers[name] as (ask: unknown) => unknown;
    const result = await handler(ask);
    const transfer = name === "read" ? [(result as WireTensor).data.buffer as ArrayBuffer] : [];
    const copied = values.takeCopied();
    port.postMessage({ call, answer: result, ...(copied ? { copied } : {}) } satisfies Reply, transfer);
  } catch (error) {
    const failure = messageOf(error);
    const device = await deviceFailure(ask, failure).catch(() => undefined); // what is broken may not even be closed
    port.postMessage({ call, failure, device } satisfies Reply);
  } finally {
    gate.leave();
  }
}

function handle(message: Message): void | Promise<void> {
  switch (message.kind) {
    case "upload":
      values.put(message.value, toOrt(message.tensor));
      return;
    case "drop":
      values.drop(message.values);
      return;
    case "call":
      return answer(message.call, message.name, message.ask);
  }
}

// A run waits for the event loop inside ONNX Runtime's own code: without this chain, a close could overtake it.
let last: Promise<void> = Promise.resolve();
port.on("message", (message: Message) => {
  last = last.then(() => handle(message));
});
