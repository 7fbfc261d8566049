import { version } from "../package.json";
import type { PackageManager } from "./package-manager";

export interface ProjectOptions {
  readonly manager: PackageManager;
  /** Of its package.json. */
  readonly name: string;
  /** As a config says it: a path relative to the project, or `hf:owner/name`. The small model of emoji when left out. */
  readonly model?: string | undefined;
}

const emoji = "./node_modules/@skipstep/model-emoji";

/** Dependencies with install scripts. None needs one on a CPU: onnxruntime-node's downloads CUDA's libraries. */
const withScripts = ["onnxruntime-node", "protobufjs", "sharp"];

/** What a new project is made of, by path. */
export function projectFiles({ manager, name, model = emoji }: ProjectOptions): Readonly<Record<string, string>> {
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
      ...(manager === "npm" ? { allowScripts: Object.fromEntries(withScripts.map((each) => [each, false])) } : {}),
    }),
    "skipstep.json": json({
      $schema: "./skipstep.schema.json",
      model,
      generate: isEmoji ? { num_inference_steps: 20, guidance_scale: 2, height: 128, width: 128 } : {},
      plugins: isEmoji ? [{ use: "fbcache", options: { threshold: 0.12 } }] : [],
    }),
    "draw.mjs": script,
    ...installSettings[manager],
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

const why =
  "# onnxruntime-node's install script downloads CUDA's libraries, and fails where it cannot; nothing here needs one.\n";
const npmrc = `${why}# With an NVIDIA GPU run it: node node_modules/onnxruntime-node/script/install.js\nignore-scripts=true\n`;
const yaml = (key: string, lines: readonly string[]): string =>
  `${key}:\n${lines.map((line) => `  ${line}\n`).join("")}`;
const ignored = yaml(
  "ignoredBuiltDependencies",
  withScripts.map((name) => `- ${name}`),
);
const notAllowed = yaml(
  "allowBuilds",
  withScripts.map((name) => `${name}: false`),
);

/** Files by which each package manager leaves install scripts out; pnpm 10 by the first list, later ones by the second. */
const installSettings: Readonly<Record<PackageManager, Readonly<Record<string, string>>>> = {
  npm: { ".npmrc": npmrc },
  pnpm: { "pnpm-workspace.yaml": `${why}${ignored}${notAllowed}` },
  "yarn 1": { ".yarnrc": `${why}ignore-scripts true\n` },
  yarn: { ".yarnrc.yml": `${why}enableScripts: false\nnodeLinker: node-modules\n` },
  bun: {}, // runs no script that nobody trusts
};

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
