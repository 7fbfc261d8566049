import { list } from "../errors/nearest";
import { runFailed, sessionClosed, sessionFailed } from "../errors/runtime";
import type { DeviceTensor, Tensors } from "./device-tensor";
import { arrays, type Calls, type PortType, type WireType } from "./protocol";
import { type RuntimeTensor, runtimeTensor } from "./runtime-tensor";
import type { TakenSession } from "./shared-sessions";
import type { TensorStore } from "./tensor-store";

/** What one run gave. */
export interface RunResult {
  readonly outputs: Readonly<Record<string, DeviceTensor>>;
  /** Spent inside ONNX Runtime, without the messages to and from its thread. */
  readonly seconds: number;
}

/** A run that was handed to the runtime's thread and may not have begun. */
export interface StartedRun {
  /** Usable at once; where the run fails, what uses them throws its error. */
  readonly outputs: Readonly<Record<string, DeviceTensor>>;
  /** As `RunResult.seconds`. @throws SKIPSTEP_RUN_FAILED */
  readonly seconds: Promise<number>;
}

/** What is known of a run before it begins, by the names of the model's inputs and outputs. */
export interface RunForms {
  /** int64 vectors that it takes besides tensors. */
  readonly sizes: ReadonlyMap<string, readonly number[]>;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
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
  /** Runs without waiting for it: the next run may be started on its outputs while it is under way. */
  start(inputs: Tensors, forms: RunForms): StartedRun;
  /** Frees the model. A run under way finishes first. */
  close(): Promise<void>;
}

/**
 * A model that is taken from those of the worker, as the runtime's own.
 * @param leave lets go of it; answers when what it was asked to run is done
 */
export async function openSession(
  store: TensorStore,
  { id, ports: opening }: TakenSession,
  path: string,
  leave: () => Promise<void>,
): Promise<Session> {
  const ports = await opening;
  const unknown = [...ports.inputs, ...ports.outputs].find(({ type }) => !(type in arrays));
  if (unknown) {
    await leave();
    throw sessionFailed(path, unsupported(unknown));
  }
  return new OpenSession(store, id, path, ports, leave);
}

class OpenSession implements Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  private closing: Promise<void> | undefined;

  constructor(
    private readonly store: TensorStore,
    private readonly id: number,
    readonly path: string,
    private readonly ports: Calls["open"]["answer"],
    private readonly leave: () => Promise<void>,
  ) {
    this.inputNames = ports.inputs.map(({ name }) => name);
    this.outputNames = ports.outputs.map(({ name }) => name);
  }

  async run(inputs: Tensors): Promise<RunResult> {
    const { store } = this;
    const scope = store.scope();
    const { results, answer } = this.send(inputs);
    const { outputs, seconds } = await answer;
    const made = results.map(([name, value], i) => [name, store.adopt(value, outputs[i]!, scope)] as const);
    return { outputs: Object.fromEntries(made), seconds };
  }

  start(inputs: Tensors, forms: RunForms): StartedRun {
    const { store, ports } = this;
    const scope = store.scope();
    const { results, answer } = this.send(inputs, forms);
    const made = results.map(([name, value, shape], i) => {
      const dtype = ports.outputs[i]!.type as WireType; // checked when it was opened
      return [name, store.adopt(value, { dtype, shape: shape! }, scope)] as const;
    });
    const seconds = answer.then(
      (done) => done.seconds,
      (error) => {
        for (const [, output] of made) output.fail(error);
        throw error;
      },
    );
    seconds.catch(() => undefined); // what uses the outputs throws it
    return { outputs: Object.fromEntries(made), seconds };
  }

  close(): Promise<void> {
    this.closing ??= this.leave();
    return this.closing;
  }

  private send(inputs: Tensors, forms?: RunForms) {
    const { store, id, path } = this;
    store.assertRunning();
    if (this.closing) throw sessionClosed(path);
    const feeds: (readonly [string, number | readonly number[]])[] = [...(forms?.sizes ?? [])];
    const tensors: RuntimeTensor[] = [];
    for (const [name, input] of Object.entries(inputs)) {
      const tensor = runtimeTensor(input, `Input "${name}" of ${path}`);
      tensors.push(tensor);
      feeds.push([name, tensor.id]);
    }
    const results = this.outputNames.map((name) => [name, store.link.nextId(), forms?.shapes.get(name)] as const);
    const ask = { session: id, inputs: feeds, outputs: results };
    const answer = store.ask("run", ask, tensors, (message) => runFailed(path, message));
    return { results, answer };
  }
}

function unsupported({ name, type }: PortType): string {
  return `"${name}" is ${type}, and the runtime carries ${list(Object.keys(arrays))}.`;
}
