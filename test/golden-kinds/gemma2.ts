import { buildGraph, expectClose, readConfig, runGraph } from "@skipstep/contract/graph";
import { gemma2, qwen3RotaryTables as rotaryTables } from "@skipstep/core/model";
import { asMask } from "./casts";
import { ioOf } from "./check-model";
import { realRows } from "./real-rows";

export async function checkGemma2(folder: string): Promise<void> {
  const io = ioOf(folder);
  const ids = io.get("in.input_ids")!;
  const [batch, length] = ids.shape as [number, number];
  const mask = asMask(io.get("in.attention_mask")!);
  const { hidden } = await runGraph(buildGraph(gemma2, folder, { entry: "encode" }), {
    input_ids: ids,
    attention_mask: mask,
    ...rotaryTables(gemma2.parse(readConfig(folder)), batch, length),
  });
  expectClose("hidden", realRows(hidden!, mask), realRows(io.get("out.0")!, mask));
}
