import { buildGraph, expectClose, runGraph } from "@skipstep/contract/graph";
import type { Tensor } from "@skipstep/core/model";
import { t5Encoder } from "@skipstep/core/model";
import { ioOf } from "./check-model";

/** `out.0` without mask, `out.1` with the mask; its masked rows are computed by both. */
export async function checkT5(folder: string): Promise<void> {
  const io = ioOf(folder);
  const ids = io.get("in.input_ids")!;
  const graph = buildGraph(t5Encoder, folder, { entry: "encode" });
  const run = async (visible: Int32Array) => {
    const mask: Tensor = { dtype: "int32", shape: ids.shape, data: visible };
    return (await runGraph(graph, { input_ids: ids, attention_mask: mask })).hidden!;
  };
  const all = new Int32Array(ids.data.length).fill(1);
  expectClose("hidden without mask", await run(all), io.get("out.0")!);
  expectClose(
    "hidden with mask",
    await run(Int32Array.from(io.get("in.attention_mask")!.data, Number)),
    io.get("out.1")!,
  );
}
