import { buildGraph, readConfig } from "@skipstep/contract/graph";
import { type Floats, floats, pixart, sincosPositions, sizeOf } from "@skipstep/core/model";
import { asFloats, asMask } from "./casts";
import { checkModel, ioOf } from "./check-model";

export async function checkPixArt(folder: string): Promise<void> {
  const io = ioOf(folder);
  const hidden = io.get("in.hidden_states")!;
  const [height, width] = hidden.shape.slice(2) as [number, number];
  const config = pixart.parse(readConfig(folder));
  const captions = io.get("in.encoder_hidden_states") as Floats;
  const sizes = ["resolution", "aspect_ratio"].flatMap((name) => {
    const given = io.get(`in.${name}`);
    return given && config.use_additional_conditions ? [[name, asFloats(given)] as const] : [];
  });
  await checkModel(
    buildGraph(pixart, folder),
    io,
    {
      hidden_states: hidden,
      timestep: asFloats(io.get("in.timestep")!),
      encoder_hidden_states: captions,
      encoder_attention_mask: asMask(io.get("in.encoder_attention_mask") ?? allSeen(captions)),
      ...Object.fromEntries(sizes),
      pos_embed: sincosPositions(config, height, width),
    },
    { sample: io.get("out.0")! },
  );
}

/** The mask of prompts without padding. */
function allSeen({ shape }: Floats): Floats {
  const mask = shape.slice(0, 2);
  return floats(mask, new Float32Array(sizeOf(mask)).fill(1));
}
