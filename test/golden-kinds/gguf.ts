import { readFileSync } from "node:fs";
import { join } from "node:path";
import { newGraph, readConfig } from "@skipstep/contract/graph";
import type { Architecture, WeightForm } from "@skipstep/core/model";
import { flux, type Graph } from "@skipstep/core/model";
import { expect } from "vitest";
import { openGguf } from "../../plugins/gguf/src/container/gguf-weights";
import { Gguf, type GgufOptions } from "../../plugins/gguf/src/gguf";
import { type Io, ioOf } from "./check-model";
import { checkFluxGraph } from "./flux";

interface About {
  /** Folder of the model whose config counts, below the golden folder. */
  readonly model: string;
  readonly file: string;
}

type Check = (config: Readonly<Record<string, unknown>>, graph: Graph, io: Io, tolerance?: number) => Promise<void>;

/** By class: the architecture, and how a graph of it is checked. */
const kinds: Readonly<Record<string, readonly [Architecture, Check]>> = {
  FluxTransformer2DModel: [flux, checkFluxGraph],
};

/** What a plugin's options come to, and how far from the reference the model may be; left out where it is near. */
interface Way {
  readonly options: GgufOptions;
  readonly tolerance?: number;
}

const ways: readonly Way[] = [
  { options: { weights: "packed", kernel: "exact" } }, // the default
  { options: { weights: "float32", kernel: "exact" } },
  { options: { weights: "packed", kernel: "int8" }, tolerance: 2e-2 },
];

/** A model's weights as a GGUF file, in each way that the plugin has to compute with them. */
export function ggufCase(folder: string, root: string): (() => Promise<void>) | undefined {
  const { model, file } = JSON.parse(readFileSync(join(folder, "about.json"), "utf8")) as About;
  const config = readConfig(join(root, model));
  const kind = kinds[String(config._class_name)];
  if (!kind) return undefined;
  const [architecture, check] = kind;
  return async () => {
    for (const { options, tolerance } of ways) {
      const { graph, forms, close } = buildGguf(architecture, config, join(folder, file), options);
      const rounded = forms.filter(({ noise }) => noise !== undefined);
      expect(forms.length > 0, `${options.weights}: packed forms`).toBe(options.weights === "packed");
      expect(rounded.length, `${options.kernel}: noisy forms`).toBe(options.kernel === "int8" ? forms.length : 0);
      await check(config, graph, ioOf(folder), tolerance);
      close();
    }
  };
}

/** The graph of a model whose weights lie in a GGUF file, with the plugin. */
function buildGguf(
  architecture: Architecture,
  config: Readonly<Record<string, unknown>>,
  file: string,
  options: GgufOptions,
): { graph: Graph; forms: readonly WeightForm[]; close(): void } {
  const weights = openGguf({ path: file });
  const plugin = new Gguf(options);
  const forms: WeightForm[] = [];
  const hooks = {
    weightLoad(weight: Parameters<Gguf["weightLoad"]>[0]) {
      const form = plugin.weightLoad(weight);
      if (form) forms.push(form);
      return form;
    },
    attention: () => undefined,
  };
  const graph = newGraph({ component: "transformer", weights, hooks });
  architecture.entries.forward!(graph, architecture.parse({ ...config }));
  return { graph, forms, close: () => weights.close() };
}
