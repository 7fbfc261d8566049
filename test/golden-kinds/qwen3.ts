import { qwen3, rotaryTables } from "../../packages/core/src/families/encoders/qwen3";
import type { Tensor } from "../../packages/core/src/tensor";
import { buildGraph, readConfig } from "../../packages/core/test/build-graph";
import { runGraph } from "../../packages/core/test/run-graph";
import { ioOf } from "./check-model";
import { expectClose, realRows } from "./close";

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
  const { hidden } = await runGraph(buildGraph(qwen3, "encode", folder), {
    input_ids: ids,
    attention_mask: mask,
    ...tables,
  });
  expectClose("hidden", realRows(hidden!, mask), realRows(io.get("out.0")!, mask));
}
