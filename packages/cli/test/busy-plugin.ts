/** A plugin that never lets the main thread go, at a moment that its options name. Says so in a file first. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import {
  type Graph,
  inject,
  type Plugin,
  PluginOptions,
  plugin,
  type Weight,
  type WeightForm,
} from "@skipstep/core/plugin";

interface BusyOptions {
  at: "build" | "write" | "step";
  how: "loop" | "pattern" | "wait";
  /** Written when it is busy. */
  file: string;
}

const text = { type: "string" } as const;

class Busy implements Plugin {
  constructor(private readonly options: BusyOptions) {}

  graphBuilt(): undefined {
    if (this.options.at === "build") this.work();
  }

  weightLoad({ role, shape, read, key }: Weight, _graph: Graph): WeightForm | undefined {
    if (this.options.at !== "write" || role !== "linear") return undefined;
    const byteLength = shape.reduce((product, side) => product * side, 4);
    const bytes = (): Uint8Array => {
      this.work();
      return new Uint8Array(read().buffer);
    };
    return {
      byteLength,
      form: "float32",
      emit: (graph, input, bias) => {
        const stored = graph.initializer({ key: `busy:${key}`, label: "busy", byteLength, bytes }, shape);
        const product = graph.matmul(input, graph.transpose(stored, [1, 0]));
        return bias ? graph.add(product, bias) : product;
      },
    };
  }

  beforeStep(): void {
    if (this.options.at === "step") this.work();
  }

  private work(): void {
    const { how, file } = this.options;
    writeFileSync(file, "busy");
    if (how === "pattern") /(\w+\w*)+#/.test("a".repeat(200));
    else if (how === "wait")
      execFileSync("sleep", ["9"], { stdio: "ignore" }); // no JavaScript to interrupt
    else for (;;);
  }
}

inject(PluginOptions)(Busy, undefined, 0);
plugin<BusyOptions>({
  name: "busy",
  description: "Never ends.",
  options: {
    type: "object",
    additionalProperties: false,
    required: ["at", "how", "file"],
    properties: { at: { ...text, enum: ["build", "write", "step"] }, how: text, file: text } as never,
  },
})(Busy);

export default Busy;
