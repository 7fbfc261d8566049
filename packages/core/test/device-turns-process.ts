import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type BundledThreads, threadsVariable } from "./threads/start-thread";

/** `device-turns-child.ts`, bundled for threads and processes. */
export const turnsChild: string = (JSON.parse(process.env[threadsVariable]!) as BundledThreads)[
  join(import.meta.dirname, "device-turns-child.ts")
]!;

/** A process that has the turn of "webgpu" until it is sent something. */
export async function holdingProcess(): Promise<ChildProcess> {
  const holder = fork(turnsChild, { execArgv: [] });
  await once(holder, "message");
  return holder;
}
