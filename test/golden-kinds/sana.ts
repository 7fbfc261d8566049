import { buildGraph, readConfig } from "@skipstep/contract/graph";
import { sana, sincosPositions, type Tensor } from "@skipstep/core/model";
import { asFloats, asMask } from "./casts";
import { checkModel, ioOf } from "./check-model";

export async function checkSana(folder: string): Promise<void> {
  const io = ioOf(folder);
  const hidden = io.get("in.hidden_states")!;
  const [height, width] = hidden.shape.slice(2) as [number, number];
  const { interpolation_scale, ...config } = sana.parse(readConfig(folder));
  const guidance: Readonly<Record<string, Tensor>> = config.guidance_embeds
    ? { guidance: asFloats(io.get("in.guidance")!) }
    : {};
  const positions: Readonly<Record<string, Tensor>> =
    interpolation_scale === null
      ? {}
      : { pos_embed: sincosPositions({ ...config, interpolation_scale }, height, width) };
  await checkModel(
    buildGraph(sana, folder),
    io,
    {
      hidden_states: hidden,
      timestep: asFloats(io.get("in.timestep")!),
      encoder_hidden_states: io.get("in.encoder_hidden_states")!,
      encoder_attention_mask: asMask(io.get("in.encoder_attention_mask")!),
      ...guidance,
      ...positions,
    },
    { sample: io.get("out.0")! },
  );
}
