import { buildGraph, readConfig } from "@skipstep/contract/graph";
import { type Floats, floats, flux2, flux2RotaryTables as rotaryTables, type Tensor } from "@skipstep/core/model";
import { checkModel, type Io, ioOf } from "./check-model";

export async function checkFlux2(folder: string): Promise<void> {
  const io = ioOf(folder);
  const config = flux2.parse(readConfig(folder));
  const graph = buildGraph(flux2, folder);
  const tables = rotaryTables(config, io.get("in.txt_ids") as Floats, io.get("in.img_ids") as Floats);
  const given = graph.inputs.filter(({ name }) => !(name in tables)).map(({ name }) => [name, io.get(`in.${name}`)!]);
  await checkModel(
    graph,
    separated(io, io.get("in.encoder_hidden_states")!.shape[1]!),
    { ...Object.fromEntries(given), ...tables },
    { sample: io.get("out.0")! },
  );
}

/** The reference's single blocks return text and image joined, ours return them apart. */
function separated(io: Io, textTokens: number): Io {
  return new Map(
    [...io].flatMap(([name, tensor]): [string, Tensor][] => {
      if (!/^tap\.single_transformer_blocks\.\d+\.out0$/.test(name)) return [[name, tensor]];
      const tokens = tensor.shape[1]!;
      return [
        [name, rows(tensor as Floats, 0, textTokens)],
        [name.replace(/0$/, "1"), rows(tensor as Floats, textTokens, tokens)],
      ];
    }),
  );
}

/** Tokens `from..to` of `[B, T, D]`. */
function rows({ shape, data }: Floats, from: number, to: number): Floats {
  const [batch, tokens, width] = shape as [number, number, number];
  const parts = Array.from({ length: batch }, (_, item) =>
    data.subarray((item * tokens + from) * width, (item * tokens + to) * width),
  );
  return floats([batch, to - from, width], Float32Array.from(parts.flatMap((part) => [...part])));
}
