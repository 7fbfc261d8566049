import { autoencoderKl } from "../../packages/core/src/families/autoencoders/autoencoder-kl";
import { autoencoderTiny } from "../../packages/core/src/families/autoencoders/autoencoder-tiny";
import { buildGraph } from "../../packages/core/test/build-graph";
import { runGraph } from "../../packages/core/test/run-graph";
import { ioOf } from "./check-model";
import { expectClose } from "./close";

export async function checkAutoencoderKl(folder: string): Promise<void> {
  const io = ioOf(folder);
  const { mean, logvar } = await runGraph(buildGraph(autoencoderKl, "encode", folder), {
    sample: io.get("in.sample")!,
  });
  expectClose("mean", mean!, io.get("out.0")!);
  expectClose("logvar", logvar!, io.get("out.1")!);
  const { sample } = await runGraph(buildGraph(autoencoderKl, "decode", folder), { z: io.get("in.z")! });
  expectClose("sample", sample!, io.get("out.2")!);
}

export async function checkAutoencoderTiny(folder: string): Promise<void> {
  const io = ioOf(folder);
  const { latents } = await runGraph(buildGraph(autoencoderTiny, "encode", folder), { sample: io.get("in.sample")! });
  expectClose("latents", latents!, io.get("out.0")!);
  const { sample } = await runGraph(buildGraph(autoencoderTiny, "decode", folder), { z: io.get("in.z")! });
  expectClose("sample", sample!, io.get("out.1")!);
}
