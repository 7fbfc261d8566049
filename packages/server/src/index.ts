/** An image server in a program of one's own. `skipstep serve` is the same from the command line. */
export type { Ask, AskInit } from "./ask";
export { makeKey } from "./http/keys";
export {
  type ApiKey,
  type QueueOptions,
  type RequestLimits,
  type ServedConfig,
  type ServerOptions,
  usualLimits,
} from "./options";
export { type ImageServer, type LocalServer, localServer, startServer } from "./start-server";
export { type ImageWorker, startWorker, type WorkerOptions } from "./start-worker";
