import type { Architecture } from "../../packages/core/src/architecture/architecture";
import { flux } from "../../packages/core/src/families/flux/model";
import { zImage } from "../../packages/core/src/families/z-image/model";
import type { BuildHooks } from "../../packages/core/src/graph/build-hooks";
import { Graph } from "../../packages/core/src/graph/graph";
import { ownCatalogue } from "../../packages/core/src/start/catalogue";
import { openComponent } from "../../packages/core/src/weights/checkpoint/component";
import { readConfig } from "../../packages/core/test/build-graph";
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
  const className = String(readConfig(folder)._class_name);
  const [architecture, check] = models[className]!;
  const component = openComponent(
    { name: "transformer", library: "diffusers", className, folder },
    { ...ownCatalogue.reading, formats: [bnbFormat] },
  );
  const plugin = new Bnb(bnbOptions());
  const attention = (): undefined => undefined;
  for (const [weightLoad, tolerance] of [
    [() => undefined, 1e-4],
    [(weight) => plugin.weightLoad(weight), 2e-2],
  ] as const satisfies readonly (readonly [BuildHooks["weightLoad"], number])[]) {
    const weights = component.weights();
    const graph = Graph.create("transformer", weights, { weightLoad, attention });
    architecture.entries.forward!(graph, architecture.parse(component.config));
    await check(component.config, graph, ioOf(folder), tolerance);
    weights.close();
  }
}
