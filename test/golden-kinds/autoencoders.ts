import { buildGraph, expectClose, runGraph } from "@skipstep/contract/graph";
import { autoencoderDc, autoencoderKl, autoencoderTiny } from "@skipstep/core/model";
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

/** One whose latents are drawn from no distribution. */
const checkPlain =
  (architecture: Parameters<typeof buildGraph>[0]) =>
  async (folder: string): Promise<void> => {
    const io = ioOf(folder);
    const { latents } = await runGraph(buildGraph(architecture, folder, { entry: "encode" }), {
      sample: io.get("in.sample")!,
    });
    expectClose("latents", latents!, io.get("out.0")!);
    const { sample } = await runGraph(buildGraph(architecture, folder, { entry: "decode" }), { z: io.get("in.z")! });
    expectClose("sample", sample!, io.get("out.1")!);
  };

export const checkAutoencoderDc = checkPlain(autoencoderDc);
export const checkAutoencoderTiny = checkPlain(autoencoderTiny);
