import {
  type Hooks,
  inject,
  type Manifest,
  type Payload,
  type Plugin,
  PluginOptions,
  plugin,
  type Weight,
  type WeightForm,
} from "@skipstep/core/plugin";

interface CodeOptions {
  /** Weights with fewer elements stay float32. */
  least: number;
}

/** Stores linear weights as one byte an element, with one scale a weight. */
export class Bytes implements Plugin {
  constructor(@inject(PluginOptions) private readonly options: CodeOptions) {}

  weightLoad(weight: Weight): WeightForm | undefined {
    const [rows, columns] = weight.shape as [number, number];
    if (weight.role !== "linear" || rows * columns < this.options.least) return undefined;
    const codes = payload(weight, "codes", rows * columns, (values, scale) =>
      Int8Array.from({ length: values.length }, (_, i) =>
        Math.round(values[(i % rows) * columns + Math.floor(i / rows)]! / scale),
      ),
    );
    const scale = payload(weight, "scale", 4, (_, step) => Float32Array.of(step));
    return {
      form: "int8",
      byteLength: codes.byteLength + scale.byteLength,
      emit(g, input, bias) {
        const floats = g.cast(g.initializer(codes, [columns, rows], "int8"), "float32");
        const product = g.mul(g.matmul(input, floats), g.initializer(scale, []));
        return bias ? g.add(product, bias) : product;
      },
    };
  }
}
plugin<CodeOptions>({
  name: "bytes",
  description: "Stores linear weights as bytes.",
  options: {
    type: "object",
    additionalProperties: false,
    required: [],
    properties: { least: { type: "integer", minimum: 0, default: 0 } },
  },
})(Bytes);

/** Read when the engine is written, not when the graph is built. */
function payload(
  weight: Weight,
  part: string,
  byteLength: number,
  make: (values: Float32Array, scale: number) => Int8Array | Float32Array,
): Payload {
  return {
    key: `bytes:${part}:${weight.key}`,
    label: `${weight.name}.${part}`,
    byteLength,
    bytes: () => {
      const values = weight.read();
      const made = make(values, values.reduce((most, x) => Math.max(most, Math.abs(x)), 0) / 127);
      return new Uint8Array(made.buffer);
    },
  };
}

/** Emits attention as core does. */
export class SameAttention implements Plugin {
  attention: Hooks["attention"] = ({ query, key, value, heads, keyMask }, g) =>
    g.node("MultiHeadAttention", [query, key, value, undefined, keyMask], query.shape, {
      domain: "com.microsoft",
      attributes: { num_heads: { int: heads } },
    });
}

/** Looks at each step. */
export class Watching implements Plugin {
  readonly timesteps: number[] = [];
  beforeStep: Hooks["beforeStep"] = ({ timestep }) => {
    this.timesteps.push(timestep);
  };
}

const withoutOptions: Manifest<Record<string, never>>["options"] = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {},
};
plugin({ name: "attention", description: "Takes over attentions.", options: withoutOptions })(SameAttention);
plugin({ name: "watching", description: "Looks at steps.", options: withoutOptions })(Watching);
