import { Runtime } from "@skipstep/core/model";

let started: Promise<Runtime> | undefined;

/**
 * One runtime with one thread, for all tests of a file: starting it takes longer than they do. It ends with the process,
 * which it does not keep alive. A test that counts what is kept runs in a generation of its own. It is on the CPU, or on
 * the provider that the environment's SKIPSTEP_TEST_DEVICE names.
 */
export function testRuntime(): Promise<Runtime> {
  started ??= Runtime.start({ provider: process.env.SKIPSTEP_TEST_DEVICE ?? "cpu", threads: 1 });
  return started;
}
