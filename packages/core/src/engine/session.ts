import { runFailed, sessionClosed, sessionFailed } from "../errors/engine";
import { list } from "../errors/nearest";
import type { Tensors } from "../hooks";
import type { DeviceTensor } from "./device-tensor";
import { engineTensor } from "./engine-tensor";
import { arrays, type OpenOptions, type PortType } from "./protocol";
import type { TensorStore } from "./tensor-store";

/** What one run gave. */
export interface RunResult {
  readonly outputs: Readonly<Record<string, DeviceTensor>>;
  /** Spent inside ONNX Runtime, without the messages to and from its thread. */
  readonly seconds: number;
}

/** One open model. */
export interface Session {
  readonly path: string;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * @param inputs a tensor for each of `inputNames`
   * @throws SKIPSTEP_RUN_FAILED with ONNX Runtime's message
   */
  run(inputs: Tensors): Promise<RunResult>;
  /** Frees the model. A run under way finishes first. */
  close(): Promise<void>;
}

/** Opens a model by path, so that weights in files beside it are found. `id` is what the worker is to know it by. */
export async function openSession(
  store: TensorStore,
  id: number,
  path: string,
  options: OpenOptions,
): Promise<Session> {
  const { link } = store;
  const ports = await link.call("open", { session: id, path, options }, (message) => sessionFailed(path, message));
  const unknown = [...ports.inputs, ...ports.outputs].find(({ type }) => !(type in arrays));
  if (unknown) {
    await link.call("close", { sessions: [id] });
    throw sessionFailed(path, unsupported(unknown));
  }
  const outputNames = ports.outputs.map(({ name }) => name);
  let closing: Promise<void> | undefined;
  return {
    path,
    inputNames: ports.inputs.map(({ name }) => name),
    outputNames,
    async run(inputs) {
      store.assertRunning();
      if (closing) throw sessionClosed(path);
      const scope = store.scope();
      const results = outputNames.map((name) => [name, link.nextId()] as const);
      const feeds = Object.entries(inputs).map(
        ([name, tensor]) => [name, engineTensor(tensor, `Input "${name}" of ${path}`).id] as const,
      );
      const { outputs, seconds } = await link.call("run", { session: id, inputs: feeds, outputs: results }, (message) =>
        runFailed(path, message),
      );
      const tensors = results.map(([name, value], i) => [name, store.adopt(value, outputs[i]!, scope)] as const);
      return { outputs: Object.fromEntries(tensors), seconds };
    },
    close() {
      closing ??= store.failure ? Promise.resolve() : link.call("close", { sessions: [id] });
      return closing;
    },
  };
}

function unsupported({ name, type }: PortType): string {
  return `"${name}" is ${type}, and the engine carries ${list(Object.keys(arrays))}.`;
}
