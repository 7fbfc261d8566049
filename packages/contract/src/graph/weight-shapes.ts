import { type Architecture, sizeOf, type TensorEntry, type WeightSource } from "@skipstep/core/model";
import { newGraph } from "./new-graph";

/**
 * Names and shapes of the weights that a model asks for, in all of its functions, in the order in which it does.
 * @param config the contents of its config.json
 * @param has which optional weights it has; all when left out
 */
export function weightShapes(
  { entries, parse }: Architecture,
  config: object,
  has: (name: string) => boolean = () => true,
): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const emit of Object.values(entries)) emit(newGraph({ weights: recorder(shapes, has) }), parse(config));
  return shapes;
}

/** A checkpoint that has whatever it is asked for, and notes it. */
function recorder(shapes: Map<string, readonly number[]>, has: (name: string) => boolean): WeightSource {
  const entry = (name: string): TensorEntry => {
    const shape = shapes.get(name) ?? [];
    return { name, dtype: "float32", shape, file: "nowhere", offset: 0, byteLength: 4 * sizeOf(shape) };
  };
  const noValues = (): never => {
    throw new Error("a graph was built that reads weights before it is compiled");
  };
  return {
    names: [],
    has,
    entry,
    expect(name, shape) {
      shapes.set(name, shape);
      return entry(name);
    },
    read: noValues,
    readFloat32: noValues,
    readRows: noValues,
    identity: noValues,
  };
}
