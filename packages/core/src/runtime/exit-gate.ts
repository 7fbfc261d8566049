/**
 * Keeps a process from ending while ONNX Runtime computes: Node stops the worker in the middle of the call, and
 * onnxruntime-node then aborts the whole process, exit code 134 in place of the program's own. Node waits for the call
 * to return in any case, so waiting before costs nothing.
 */
export class ExitGate {
  /** `[busy, leaving]`: the worker is at work; the process ends. */
  private readonly flags: Int32Array;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.flags = new Int32Array(memory);
  }

  /** In the worker, before it works: `false` when it must not start any more. */
  enter(): boolean {
    Atomics.store(this.flags, 0, 1);
    if (Atomics.load(this.flags, 1) === 0) return true;
    this.leave();
    return false;
  }

  /** In the worker, when it is done. */
  leave(): void {
    Atomics.store(this.flags, 0, 0);
    Atomics.notify(this.flags, 0);
  }

  /** In the main thread, as the process ends: waits until the worker is idle, a minute at most should it have died. */
  close(): void {
    Atomics.store(this.flags, 1, 1);
    Atomics.wait(this.flags, 0, 1, 60_000);
  }
}
