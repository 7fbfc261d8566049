// @ts-check
/**
 * The thread that hears signals while the main thread is too busy to. Plain JavaScript: it must be up before anything
 * slow begins, and the sources run without a build.
 */
import { rmSync, writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";

/** @typedef {"SIGINT" | "SIGTERM"} StopSignal */
/** @typedef {{ descriptor: number, text: string }} Line */
/** @type {{ numbers: Record<StopSignal, number>, lines: Record<StopSignal, Line>, told: Int32Array, patience: { ask: number, force: number } }} */
const { numbers, lines, told, patience } = workerData;
const port = /** @type {import("node:worker_threads").MessagePort} */ (parentPort);

/** Paths that are removed when the main thread cannot. @type {Set<string>} */
const unfinished = new Set();
/** @type {{ stop(): void }[]} */
const handles = [];
/** Signals that were heard here. */
let count = 0;
/** When the first one came, here or in the main thread. @type {number | undefined} */
let begun;
/** Milliseconds that the main thread asked for besides the usual, to end what it does in order. */
let grace = 0;
/** Milliseconds in which one signal reaches both threads. */
const sameSignal = 100;

// Node gives signals to the main thread only; below it, libuv tells every loop that listens.
process.noDeprecation = true;
// @ts-expect-error: has no type
const { Signal } = process.binding("signal_wrap");
for (const name of /** @type {StopSignal[]} */ (Object.keys(numbers))) {
  const handle = new Signal();
  handle.onsignal = () => hear(name);
  const failure = handle.start(numbers[name]);
  if (failure) throw new Error(`no handler for ${name}: ${failure}`);
  handles.push(handle);
}
port.postMessage({ ready: true });

port.on("message", ({ path, begins, signal, more }) => {
  if (signal !== undefined) begin(signal);
  else if (more !== undefined) grace = more;
  else if (begins) unfinished.add(path);
  else unfinished.delete(path);
});

/** @param {StopSignal} name */
function hear(name) {
  const isSecond = count > 0 || (begun !== undefined && performance.now() - begun > sameSignal);
  count++;
  if (isSecond) return die(name, false);
  port.postMessage({ signal: name });
  begin(name);
}

/** The clock of the first signal, also of one that only the main thread heard. @param {StopSignal} name */
function begin(name) {
  if (begun !== undefined) return;
  begun = performance.now();
  setTimeout(() => ask(name), patience.ask + grace);
  setTimeout(() => die(name, true), patience.force + grace);
}

/**
 * Has the main thread leave in the middle of what it does: the inspector interrupts JavaScript at any loop or call, and
 * a pattern at any step back.
 * @param {StopSignal} name
 */
async function ask(name) {
  const { Session } = await import("node:inspector");
  const session = new Session();
  session.connectToMainThread();
  session.post("Runtime.evaluate", { expression: `globalThis[Symbol.for("skipstep.leave")]?.("${name}")` });
}

/**
 * Ends the process by the signal itself, as it ends one that has no handler: for when the main thread is inside of
 * something that no JavaScript interrupts.
 * @param {StopSignal} name
 * @param {boolean} tells whether nobody asked for the end at once
 */
function die(name, tells) {
  const { descriptor, text } = lines[name];
  try {
    if (tells && Atomics.exchange(told, 0, 1) === 0) writeSync(descriptor, text);
    for (const path of unfinished) rmSync(path, { recursive: true, force: true });
  } catch {
    // nobody reads, or the disk is gone: the end matters more
  }
  for (const handle of handles) handle.stop();
  process.kill(process.pid, name);
}
