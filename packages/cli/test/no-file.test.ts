import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { root, skipstep } from "./skipstep";
import { temporaryFolder } from "./temporary-folder";

const folder = temporaryFolder();
let count = 0;

/** What stands where a file must be, and the words for it. */
const kinds: [string, (place: string) => void, string][] = [
  ["a pipe", (place) => execFileSync("mkfifo", [place]), "it is a pipe (FIFO), and no regular file"],
  ["a link to a device", (place) => symlinkSync("/dev/zero", place), "it is a device, and no regular file"],
  ["a folder", (place) => mkdirSync(place), "it is a folder, and no regular file"],
];

/** A copy of the shipped model, with something else in place of one of its files. */
function modelWith(file: string, make: (place: string) => void): string {
  const model = path.join(folder.path, `model-${count++}`);
  cpSync(path.join(root, "models/emoji"), model, { recursive: true });
  rmSync(path.join(model, file), { force: true });
  make(path.join(model, file));
  return model;
}

function configOf(content: object): string {
  const file = path.join(folder.path, `config-${count++}.json`);
  writeFileSync(file, JSON.stringify(content));
  return file;
}

const generate = { num_inference_steps: 1, seed: 1, prompt: "heart" };

describe.runIf(process.platform !== "win32").each(kinds)("%s", (_, make, words) => {
  it.each([
    ["transformer/diffusion_pytorch_model.safetensors", "SKIPSTEP_WEIGHTS_UNREADABLE"],
    ["transformer/config.json", "SKIPSTEP_CHECKPOINT_INVALID"],
    ["model_index.json", "SKIPSTEP_CHECKPOINT_INVALID"],
    ["tokenizer/tokenizer.json", "SKIPSTEP_TOKENIZER_INVALID"],
    ["tokenizer/chat_template.jinja", "SKIPSTEP_TOKENIZER_INVALID"],
  ])("in place of %s is an error", async (file, code) => {
    const config = configOf({ model: modelWith(file, make), generate });
    const out = path.join(folder.path, "heart.png");
    const { exitCode, stderr } = await skipstep(
      "generate",
      config,
      "--out",
      out,
      "--cache",
      path.join(folder.path, "cache"),
    );
    expect(stderr).toContain(code);
    expect(stderr).toContain(words);
    expect(exitCode).not.toBe(0);
  });

  it("is no config, no recipe, no list of prompts, no LoRA and no image", async () => {
    const place = path.join(folder.path, `place-${count++}.safetensors`);
    make(place);
    const model = path.join(root, "models/emoji");
    const plain = configOf({ model, generate });
    const out = ["--out", path.join(folder.path, "out")];
    for (const [args, code] of [
      [["validate", place], "SKIPSTEP_CHECKPOINT_MISSING"], // a model in place of a config, by its name
      [["validate", configOf({ extends: place })], "SKIPSTEP_CONFIG_UNREADABLE"],
      [["recipe", place], "SKIPSTEP_RECIPE_MISSING"],
      [
        ["compare", plain, plain, "--prompts", place, "--out", path.join(folder.path, "page.html")],
        "SKIPSTEP_REQUEST_PROMPTS",
      ],
      [["generate", configOf({ model, generate: { ...generate, image: place } }), ...out], "SKIPSTEP_IMAGE_UNREADABLE"],
      [["generate", plain, "--set", `lora=${JSON.stringify([{ path: place }])}`, ...out], "SKIPSTEP_"],
    ] as const) {
      const { exitCode, stderr } = await skipstep(...args);
      expect(stderr).toContain(code);
      expect(stderr).not.toContain("UNEXPECTED");
      expect(exitCode).not.toBe(0);
    }
  });
});

it.runIf(process.platform === "linux")("a socket is no file", async () => {
  const place = path.join(folder.path, "socket.json");
  const server = createServer().listen(place);
  const { stderr } = await skipstep("validate", place);
  server.close();
  expect(stderr).toContain("SKIPSTEP_CONFIG_UNREADABLE");
  expect(stderr).toContain("it is a socket, and no regular file");
});
