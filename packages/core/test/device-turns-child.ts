/** Takes turns on a device: as a thread a number of them, one after the other; as a process one, until it is told to end it. */
import { setTimeout as sleep } from "node:timers/promises";
import { workerData } from "node:worker_threads";
import { inTurn } from "../src/runtime/device-turn";

/** What a thread is started with. */
export interface TurnsData {
  readonly thread: number;
  readonly turns: number;
  readonly threads: number;
  /** `[at work now, the most at once, turns done, threads that are there, whose each turn was...]` */
  readonly memory: SharedArrayBuffer;
}

async function takeTurns({ thread, threads, turns, memory }: TurnsData): Promise<void> {
  const notes = new Int32Array(memory);
  Atomics.add(notes, 3, 1);
  while (Atomics.load(notes, 3) < threads) await sleep(5);
  for (let i = 0; i < turns; i++)
    await inTurn(["webgpu"], {}, async () => {
      const atWork = Atomics.add(notes, 0, 1) + 1;
      if (atWork > Atomics.load(notes, 1)) Atomics.store(notes, 1, atWork);
      Atomics.store(notes, 4 + Atomics.add(notes, 2, 1), thread);
      await sleep(20);
      Atomics.sub(notes, 0, 1);
    });
}

async function holdTurn(): Promise<void> {
  await inTurn(["webgpu"], {}, () => {
    process.send!("has it");
    return new Promise((resolve) => process.once("message", resolve));
  });
  process.disconnect();
}

await (workerData ? takeTurns(workerData as TurnsData) : holdTurn());
