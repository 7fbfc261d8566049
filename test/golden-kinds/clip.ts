import { buildGraph, expectClose, runGraph } from "@skipstep/contract/graph";
import type { clipText, clipTextWithProjection } from "@skipstep/core/model";
import { integers, type Tensor } from "@skipstep/core/model";
import { ioOf } from "./check-model";

/**
 * `out.0` last_hidden_state, `out.1` hidden_states[-2], `out.2` pooled; where they are given, `hidden.<i>` is
 * hidden_states[i] and `normalized.<i>` the same after the final norm.
 */
export function checkClip(architecture: typeof clipText | typeof clipTextWithProjection) {
  return async (folder: string): Promise<void> => {
    const io = ioOf(folder);
    const graph = buildGraph(architecture, folder, { entry: "encode" });
    const { shape, data } = io.get("in.input_ids")!;
    const input_ids: Tensor = { dtype: "int32", shape, data: Int32Array.from(data, Number) };
    const run = (layer: number) => runGraph(graph, { input_ids, layer: integers([], [layer]) });
    const last = await run(-1);
    expectClose("normalized", last.normalized!, io.get("out.0")!);
    expectClose("hidden", (await run(-2)).hidden!, io.get("out.1")!);
    expectClose("pooled", last.pooled!, io.get("out.2")!);
    for (const [name, expected] of io) {
      const [output, layer] = name.split(".") as [string, string];
      if (output === "hidden" || output === "normalized")
        expectClose(name, (await run(Number(layer)))[output]!, expected);
    }
  };
}
