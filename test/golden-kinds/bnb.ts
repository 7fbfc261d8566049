import { newGraph, readConfig } from "@skipstep/contract/graph";
import type { Architecture, BuildHooks } from "@skipstep/core/model";
import { flux, type Graph, openWeights, zImage } from "@skipstep/core/model";
import { bnbFormat } from "../../plugins/bnb/src/bnb-format";
import { Bnb } from "../../plugins/bnb/src/index";
import { bnbOptions } from "./bnb-options";
import { type Io, ioOf } from "./check-model";
import { checkFluxGraph } from "./flux";
import { checkZImageGraph } from "./z-image";

type Check = (config: Readonly<Record<string, unknown>>, graph: Graph, io: Io, tolerance?: number) => Promise<void>;

const models: Readonly<Record<string, readonly [Architecture, Check]>> = {
  FluxTransformer2DModel: [flux, checkFluxGraph],
  ZImageTransformer2DModel: [zImage, checkZImageGraph],
};

/** A checkpoint of bitsandbytes: with its weights taken apart, then packed through the plugin's kernels. */
export async function checkBnb(folder: string): Promise<void> {
  const config = readConfig(folder);
  const [architecture, check] = models[String(config._class_name)]!;
  const plugin = new Bnb(bnbOptions());
  const attention = (): undefined => undefined;
  for (const [weightLoad, tolerance] of [
    [() => undefined, 1e-4],
    [(weight) => plugin.weightLoad(weight), 2e-2],
  ] as const satisfies readonly (readonly [BuildHooks["weightLoad"], number])[]) {
    const tensors = openWeights(folder);
    const quantization = config.quantization_config as Parameters<typeof bnbFormat.open>[0]["quantization"];
    const weights = bnbFormat.open({ path: folder, tensors, quantization, metadata: () => ({}) });
    const graph = newGraph({ component: "transformer", weights, hooks: { weightLoad, attention } });
    architecture.entries.forward!(graph, architecture.parse(config));
    await check(config, graph, ioOf(folder), tolerance);
    weights.close();
  }
}
