import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildGraph, expectClose, runGraph } from "@skipstep/contract/graph";
import { ioOf } from "../../../../test/golden-kinds/check-model";
import { inTiles } from "../../src/families/autoencoders/tiled-decode";
import type { Floats } from "../../src/model";
import { autoencoderKl } from "../../src/model";

interface About {
  /** Folder of the autoencoder, below the golden folder. */
  readonly model: string;
  readonly tile_latent_min_size: number;
  readonly tile_sample_min_size: number;
  readonly tile_overlap_factor: number;
}

/** An AutoencoderKL that decodes `in.z` in tiles. */
export async function checkTiledDecode(folder: string, root: string): Promise<void> {
  const about = JSON.parse(readFileSync(join(folder, "about.json"), "utf8")) as About;
  const io = ioOf(folder);
  const graph = buildGraph(autoencoderKl, join(root, about.model), { entry: "decode" });
  const { tile_latent_min_size: from, tile_sample_min_size: to, tile_overlap_factor: overlap } = about;
  const sample = await inTiles(
    io.get("in.z") as Floats,
    { from, to, overlap },
    async (z) => (await runGraph(graph, { z })).sample as Floats,
  );
  expectClose("sample", sample, io.get("out.sample")!);
}
