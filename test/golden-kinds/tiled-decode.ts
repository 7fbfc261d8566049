import { readFileSync } from "node:fs";
import { join } from "node:path";
import { autoencoderKl } from "../../packages/core/src/families/autoencoders/autoencoder-kl";
import { inTiles } from "../../packages/core/src/families/autoencoders/tiled-decode";
import type { Floats } from "../../packages/core/src/tensor";
import { buildGraph } from "../../packages/core/test/build-graph";
import { runGraph } from "../../packages/core/test/run-graph";
import { ioOf } from "./check-model";
import { expectClose } from "./close";

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
  const graph = buildGraph(autoencoderKl, "decode", join(root, about.model));
  const { tile_latent_min_size: from, tile_sample_min_size: to, tile_overlap_factor: overlap } = about;
  const sample = await inTiles(
    io.get("in.z") as Floats,
    { from, to, overlap },
    async (z) => (await runGraph(graph, { z })).sample as Floats,
  );
  expectClose("sample", sample, io.get("out.sample")!);
}
