import { Runtime } from "@skipstep/core/model";
import { unusedSessions } from "../src/runtime/shared-sessions";

interface Keeper {
  readonly start: typeof Runtime.start;
  kept: Runtime | undefined;
  isOff: boolean;
}

const key = Symbol.for("skipstep.test.kept-runtime");
const all = globalThis as { [key]?: Keeper };

/** Models that stay open: ONNX Runtime takes longer to open one of the small ones than to run it. */
const keptSessions = 16;

/** Of ONNX Runtime in a test that names no number: the small models are not faster with more, and files run side by side. */
const threads = 1;

/**
 * A runtime beside those that tests open and close, from a process's first one on: ONNX Runtime's thread would start
 * again for each of them, which takes longer than a generation of the small models.
 */
all[key] ??= keepOne();
all[key].isOff = false;
unusedSessions.most = keptSessions;

/** For tests of what a model leaves behind: until the file's end, models are closed as they are without tests. */
export function keepNoSessions(): void {
  unusedSessions.most = 0;
}

/** For tests of the thread's own life: it ends with what they close themselves. */
export async function keepNoRuntime(): Promise<void> {
  const keeper = all[key]!;
  keeper.isOff = true;
  unusedSessions.most = 0;
  await keeper.kept?.close();
  keeper.kept = undefined;
}

function keepOne(): Keeper {
  const keeper: Keeper = { start: Runtime.start.bind(Runtime), kept: undefined, isOff: false };
  Runtime.start = async (options) => {
    if (keeper.isOff) return keeper.start(options);
    const runtime = await keeper.start({ ...options, threads: options.threads ?? threads });
    const before = keeper.kept; // of a thread that may have died
    keeper.kept = await keeper.start({ provider: "cpu" });
    await before?.close();
    return runtime;
  };
  return keeper;
}
