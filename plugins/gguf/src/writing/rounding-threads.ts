import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { startThread } from "@skipstep/core/plugin";
import type { BlockType } from "../blocks/block-type";
import type { RoundedChunk } from "./round-chunk";
import type { RoundAsk } from "./round-worker";

/** Threads that round rows into blocks: the search for scales is all computing, 3 to 5 million weights a second. */
export class RoundingThreads {
  private readonly threads: readonly Thread[];

  /** @param count one a core when left out */
  constructor(readonly count = availableParallelism()) {
    this.threads = Array.from({ length: count }, () => new Thread());
  }

  /** @param values whole rows @param importance one a column */
  round(type: BlockType, values: Float32Array, importance: Float32Array | undefined): Promise<RoundedChunk> {
    const [idlest] = [...this.threads].sort((a, b) => a.load - b.load);
    return idlest!.round({ type: type.name, values, importance });
  }

  /** Ends them; what is asked for and not answered yet never is. */
  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
  }
}

interface Pending {
  resolve(rounded: RoundedChunk): void;
  reject(error: Error): void;
}

class Thread {
  private readonly worker: Worker;
  /** In the order of the asks, as the answers are. */
  private readonly pending: Pending[] = [];

  constructor() {
    this.worker = startThread(import.meta.url, "./writing/round-worker.js", "./round-worker.ts");
    this.worker.on("message", (rounded: RoundedChunk) => this.pending.shift()!.resolve(rounded));
    this.worker.on("error", (error) => {
      for (const { reject } of this.pending.splice(0)) reject(error);
    });
  }

  /** Asks without an answer. */
  get load(): number {
    return this.pending.length;
  }

  round(ask: RoundAsk): Promise<RoundedChunk> {
    return new Promise((resolve, reject) => {
      this.pending.push({ resolve, reject });
      this.worker.postMessage(ask);
    });
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}
