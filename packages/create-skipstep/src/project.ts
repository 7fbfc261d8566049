import { version } from "../package.json";

export interface ProjectOptions {
  /** Of its package.json. */
  readonly name: string;
  /** As a config says it: a path relative to the project, or `hf:owner/name`. The small model of emoji when left out. */
  readonly model?: string | undefined;
}

const emoji = "./node_modules/@skipstep/model-emoji";

/** Dependencies with install scripts. None needs one on a CPU: onnxruntime-node's downloads CUDA's libraries. */
const withScripts = ["onnxruntime-node", "protobufjs", "sharp"];

/** What a new project is made of, by path. */
export function projectFiles({ name, model = emoji }: ProjectOptions): Readonly<Record<string, string>> {
  const range = `^${version}`;
  const isEmoji = model === emoji;
  const ours = ["cli", "core", ...(isEmoji ? ["model-emoji", "plugin-fbcache"] : [])];
  return {
    "package.json": json({
      name,
      private: true,
      type: "module",
      scripts: {
        start: "node draw.mjs",
        schema: "skipstep schema --out skipstep.schema.json",
      },
      dependencies: Object.fromEntries(ours.map((each) => [`@skipstep/${each}`, range])),
      allowScripts: Object.fromEntries(withScripts.map((each) => [each, false])),
    }),
    "skipstep.json": json({
      $schema: "./skipstep.schema.json",
      model,
      generate: isEmoji ? { num_inference_steps: 20, guidance_scale: 2, height: 128, width: 128 } : {},
      plugins: isEmoji ? [{ use: "fbcache", options: { threshold: 0.12 } }] : [],
    }),
    "draw.mjs": script,
    ".npmrc": npmrc,
    "pnpm-workspace.yaml": pnpm,
    ".yarnrc.yml": yarn,
    ".gitignore": "node_modules/\n*.png\n",
  };
}

const script = `import { writeFile } from "node:fs/promises";
import { createPipeline } from "@skipstep/core";

const [prompt = "red heart", file = "image.png"] = process.argv.slice(2);

const pipeline = await createPipeline("skipstep.json");
const { images, report } = await pipeline.generate({ prompt });
await writeFile(file, await images[0].toPng());
await pipeline.close();

console.log(\`\${file}: \${report.seconds.total.toFixed(1)} s\`);
for (const plugin of report.plugins) console.log(\`\${plugin.name}: \${plugin.summary}\`);
`;

const npmrc = `# onnxruntime-node's install script downloads CUDA's libraries, and fails where it cannot; nothing here needs a script.
# With an NVIDIA GPU: npm rebuild onnxruntime-node --ignore-scripts=false
ignore-scripts=true
`;

/** pnpm 10 by the first list, later ones by the second. */
const pnpm = `# None needs its install script: onnxruntime-node's downloads CUDA's libraries, and fails where it cannot.
ignoredBuiltDependencies:
${withScripts.map((name) => `  - ${name}\n`).join("")}allowBuilds:
${withScripts.map((name) => `  ${name}: false\n`).join("")}`;

const yarn = `# onnxruntime-node's install script downloads CUDA's libraries, and fails where it cannot; nothing here needs a script.
enableScripts: false
nodeLinker: node-modules
`;

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
