import { buildGraph, expectClose, readConfig, runGraph } from "@skipstep/contract/graph";
import type { Tensor } from "@skipstep/core/model";
import { qwen3, qwen3RotaryTables as rotaryTables } from "@skipstep/core/model";
import { ioOf } from "./check-model";
import { realRows } from "./real-rows";

export async function checkQwen3(folder: string): Promise<void> {
  const io = ioOf(folder);
  const ids = io.get("in.input_ids")!;
  const [batch, length] = ids.shape as [number, number];
  const mask: Tensor = {
    dtype: "int32",
    shape: ids.shape,
    data: Int32Array.from(io.get("in.attention_mask")!.data, Number),
  };
  const tables = rotaryTables(qwen3.parse(readConfig(folder)), batch, length);
  const { hidden } = await runGraph(buildGraph(qwen3, folder, { entry: "encode" }), {
    input_ids: ids,
    attention_mask: mask,
    ...tables,
  });
  expectClose("hidden", realRows(hidden!, mask), realRows(io.get("out.0")!, mask));
}
