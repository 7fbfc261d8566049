import { version } from "../../package.json";

/** Files of a new plugin's package by their paths: a cache of blocks that is right as it is, to be made into another. */
export function pluginFiles(name: string): Readonly<Record<string, string>> {
  const type = typeName(name);
  return {
    "package.json": json(packageOf(name)),
    "tsconfig.json": json(tsconfig),
    "tsup.config.ts": tsupConfig,
    ".gitignore": "node_modules/\ndist/\n*.png\n",
    "config.json": json(config(name)),
    "src/index.ts": `export { ${type}, type ${type}Options } from "./${name}";\n`,
    [`src/${name}.ts`]: source(name, type),
    [`test/${name}.test.ts`]: test(type),
    "README.md": readme(name),
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** `every-nth` to `EveryNth`. */
function typeName(name: string): string {
  return name
    .split(/[._-]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("")
    .replace(/^(?=\d)/, "Plugin");
}

function packageOf(name: string): object {
  const own = `^${version}`;
  return {
    name: `skipstep-plugin-${name}`,
    version: "0.1.0",
    description: "Computes a transformer's middle blocks at every n-th step only.",
    keywords: ["skipstep-plugin"],
    license: "MIT",
    type: "module",
    sideEffects: true,
    engines: { node: ">=20.15" },
    files: ["dist"],
    exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
    scripts: {
      dev: "skipstep generate config.json --out dev.png",
      build: "tsup",
      test: "vitest run",
      prepublishOnly: "tsup",
    },
    dependencies: { "@skipstep/caching": own },
    peerDependencies: { "@skipstep/core": own },
    devDependencies: {
      "@skipstep/cli": own,
      "@skipstep/contract": own,
      "@skipstep/core": own,
      tsup: "^8.5.1",
      typescript: "~5.9.3",
      vitest: "^3.2.4",
    },
  };
}

const tsconfig = {
  compilerOptions: {
    target: "ES2022",
    module: "ESNext",
    moduleResolution: "Bundler",
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    experimentalDecorators: true,
    useDefineForClassFields: false,
    skipLibCheck: true,
    noEmit: true,
  },
  include: ["src", "test"],
};

const tsupConfig = `import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/index.ts"],
  format: "esm",
  target: "node20",
  dts: { entry: "src/index.ts" },
  sourcemap: true,
  clean: true,
});
`;

/** Draws with the small model of the contract, from the plugin's sources. */
function config(name: string): object {
  return {
    model: "./node_modules/@skipstep/contract/models/z-image",
    generate: { prompt: "a red heart", num_inference_steps: 8, height: 64, width: 64, seed: 1 },
    plugins: [{ use: `./src/${name}.ts`, options: { every: 2 } }],
  };
}

function source(name: string, type: string): string {
  return `import { RunMemories, StreamResiduals } from "@skipstep/caching";
import type { BlockCall, JSONSchemaType, Next, Plugin, Tensors } from "@skipstep/core/plugin";
import { inject, PluginOptions, plugin } from "@skipstep/core/plugin";

export interface ${type}Options {
  /** Computes the middle blocks at every n-th step. 1 computes them at every step. */
  every: number;
}

const options: JSONSchemaType<${type}Options> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: { every: { type: "integer", minimum: 1, default: 2, description: "Computes at every n-th step." } },
};

/** What the middle blocks add to each stream changes little from step to step: most steps add the last one again. */
@plugin<${type}Options>({
  name: "${name}",
  description: "Computes a transformer's middle blocks at every n-th step only.",
  options,
  decides: true,
  requires: ["block-list"],
  regions: ({ blocks }) => (blocks.length < 3 ? [] : [{ name: "middle", from: blocks[1]!, to: blocks.at(-2)! }]),
})
export class ${type} implements Plugin {
  private readonly memories = new RunMemories(() => new StreamResiduals());

  constructor(@inject(PluginOptions) private readonly options: ${type}Options) {}

  async blockForward({ step }: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const { every } = this.options;
    if (every === 1) return next(inputs);
    const residuals = this.memories.of(step.run);
    if (residuals.fits(inputs) && step.index % every !== 0) return residuals.reuse(inputs, step.index);
    residuals.prepare(inputs);
    const outputs = await next(inputs);
    await residuals.learn(inputs, outputs, step.index);
    return outputs;
  }
}
`;
}

function test(type: string): string {
  return `import { describePlugin } from "@skipstep/contract";
import { ${type} } from "../src/index";

describePlugin(${type}, {
  exact: { every: 1 }, // changes nothing: the result is equal bit by bit
  active: { every: 2 }, // saves work
  tolerance: 0.1, // largest absolute difference of the latents from those without the plugin
});
`;
}

function readme(name: string): string {
  return `# skipstep-plugin-${name}

Computes a transformer's middle blocks at every n-th step only, and adds what they added last at the steps between.

\`\`\`sh
npm install skipstep-plugin-${name}
\`\`\`

\`\`\`json
{ "model": "path/to/a/model", "plugins": [{ "use": "${name}", "options": { "every": 2 } }] }
\`\`\`

| option | type | default | meaning |
| --- | --- | --- | --- |
| \`every\` | integer, 1 or more | 2 | Computes the middle blocks at every n-th step. 1 computes them at every step. |

## Working on it

\`\`\`sh
npm install
npm run dev     # draws dev.png with config.json, which names src/${name}.ts: nothing needs to be built
npm test        # the contract that every plugin must hold
npm run build   # dist, for publishing
\`\`\`

\`config.json\` draws with a small random model that comes with the tests; give it a real one to see pictures.
`;
}
