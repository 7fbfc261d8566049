import type { Architecture } from "../src/architecture/architecture";
import { Graph } from "../src/graph/graph";
import type { WeightSource } from "../src/weights/checkpoint/weights";

const noPlugins = { weightLoad: () => undefined, attention: () => undefined };

/** Names and shapes of all tensors that a model with this config.json asks for, in all of its functions. */
export function shapesOfModel(architecture: Architecture, config: object): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  const asked = {
    has: () => true,
    entry: () => ({ dtype: "float32" }),
    expect(name: string, shape: readonly number[]) {
      shapes.set(name, shape);
      return asked.entry(name);
    },
  } as unknown as WeightSource;
  for (const emit of Object.values(architecture.entries))
    emit(Graph.create("component", asked, noPlugins), architecture.parse(config));
  return shapes;
}
