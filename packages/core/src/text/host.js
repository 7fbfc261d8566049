// @ts-check
/**
 * The text process: its main thread passes messages on and never computes, so that it hears at any moment that the
 * program is gone. Plain JavaScript: it starts as fast as Node does, and the sources run without a build.
 */
import { Worker } from "node:worker_threads";

/** @typedef {import("../runtime/start-thread").ThreadStart} ThreadStart */
/** @typedef {import("./protocol").TextReply | import("./protocol").TextEnd} Answer */

/** Ends it whatever its thread does. `process.exit` would wait for the thread. */
const end = () => process.kill(process.pid, "SIGKILL");

process.on("disconnect", end);
if (!process.connected) end();
// A terminal's Ctrl-C is the program's to hear; that ends this process, too.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);

const [script, options] = /** @type {ThreadStart} */ (JSON.parse(process.argv[2] ?? ""));
const thread = new Worker(options.eval ? script : new URL(script), options);

/** @param {Answer} answer */
const send = (answer) => process.send?.(answer);
process.on("message", (message) => thread.postMessage(message));
thread.on("message", send);
thread.on("error", (/** @type {NodeJS.ErrnoException} */ { code, message }) =>
  send({ end: { isFull: code === "ERR_WORKER_OUT_OF_MEMORY", message } }),
);
