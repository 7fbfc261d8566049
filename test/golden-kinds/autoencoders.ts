import { buildGraph, expectClose, runGraph } from "@skipstep/contract/graph";
import { autoencoderKl, autoencoderTiny } from "@skipstep/core/model";
import { ioOf } from "./check-model";

export async function checkAutoencoderKl(folder: string): Promise<void> {
  const io = ioOf(folder);
  const { mean, logvar } = await runGraph(buildGraph(autoencoderKl, folder, { entry: "encode" }), {
    sample: io.get("in.sample")!,
  });
  expectClose("mean", mean!, io.get("out.0")!);
  expectClose("logvar", logvar!, io.get("out.1")!);
  const { sample } = await runGraph(buildGraph(autoencoderKl, folder, { entry: "decode" }), { z: io.get("in.z")! });
  expectClose("sample", sample!, io.get("out.2")!);
}

export async function checkAutoencoderTiny(folder: string): Promise<void> {
  const io = ioOf(folder);
  const { latents } = await runGraph(buildGraph(autoencoderTiny, folder, { entry: "encode" }), {
    sample: io.get("in.sample")!,
  });
  expectClose("latents", latents!, io.get("out.0")!);
  const { sample } = await runGraph(buildGraph(autoencoderTiny, folder, { entry: "decode" }), { z: io.get("in.z")! });
  expectClose("sample", sample!, io.get("out.1")!);
}
