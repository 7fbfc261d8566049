/** A thread that rounds rows into blocks, one ask after the other. */
import { parentPort } from "node:worker_threads";
import { blockTypes } from "../block-types";
import { roundChunk } from "./round-chunk";

export interface RoundAsk {
  /** `Q4_K` */
  readonly type: string;
  readonly values: Float32Array;
  readonly importance: Float32Array | undefined;
}

const port = parentPort!;

port.on("message", ({ type: name, values, importance }: RoundAsk) => {
  const type = blockTypes.find((known) => known.name === name)!;
  const rounded = roundChunk(type, values, importance);
  port.postMessage(rounded, [rounded.bytes.buffer as ArrayBuffer]);
});
