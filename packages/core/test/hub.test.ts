import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { typescript } from "../../../test/built/packages";
import {
  type CheckedConfig,
  createPipeline,
  inspectConfig,
  openPipeline,
  openRecipe,
  type ProgressEvent,
  type Recipe,
  validateConfig,
} from "../src";
import type { SkipstepError } from "../src/errors/error";
import { unet2DCondition } from "../src/families/unet/unet-2d-condition";
import type { DownloadEvent } from "../src/hub/bring-file";
import type { BringOptions } from "../src/hub/bring-model";
import { downloadSize } from "../src/hub/download-size";
import { hubFetch } from "../src/hub/hub-fetch";
import { parseHubName } from "../src/hub/hub-name";
import { hubSettings } from "../src/hub/hub-settings";
import type { RecipeSource } from "../src/recipe/recipe-sources";
import { ownCatalogue } from "../src/start/catalogue";
import { openModel } from "../src/start/open-model";
import { temporaryFolder, withHeader } from "./checkpoint-files";
import { closedEndpoint, startHub } from "./hub-server";
import { shapesOfModel } from "./model-shapes";

const emoji = join(import.meta.dirname, "../../../models/emoji");
const tinyUNet = { cross_attention_dim: 768, layers_per_block: 1, block_out_channels: [32, 32, 32, 32] };
const goldenSd15 = join(import.meta.dirname, "../../../test/golden/pipelines/sd15");
const hub = await startHub();
const root = temporaryFolder();
const cacheDir = join(root, "engines");
let cache = "";
let runs = 0;

const emojiFiles = readdirSync(emoji, { recursive: true, encoding: "utf8" })
  .filter((name) => statSync(join(emoji, name)).isFile() && !name.endsWith("samples.webp"))
  .sort()
  .map((name) => [name, readFileSync(join(emoji, name))] as const);

/** What a pipeline in the repository has besides what is needed. */
const ballast = [
  "README.md",
  "model.ckpt",
  "vae/diffusion_pytorch_model.bin",
  "transformer/diffusion_pytorch_model.fp16.safetensors",
  "safety_checker/config.json",
  "text_encoder/generation_config.json",
];

beforeEach(() => {
  cache = join(root, `cache-${runs++}`);
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  vi.stubEnv("HF_HUB_CACHE", cache);
  vi.stubEnv("HF_HOME", join(root, "home"));
  for (const name of ["HF_TOKEN", "HF_HUB_OFFLINE", "HF_TOKEN_PATH"]) vi.stubEnv(name, "");
  hub.arrivals.length = 0;
  hub.sizes.clear();
  for (const fault of Object.keys(hub.faults)) delete hub.faults[fault as keyof typeof hub.faults];
  hub.files.clear();
  for (const [name, content] of emojiFiles) hub.files.set(name, content);
  for (const name of ballast) hub.files.set(name, Buffer.from("ballast ".repeat(20)));
  return () => vi.unstubAllEnvs();
});

const generate = { num_inference_steps: 2, height: 64, width: 64, seed: 1, guidance_scale: 2 };
const repository = (): string => join(cache, "models--tiny--model");
const snapshot = (...path: string[]): string => join(repository(), "snapshots", hub.commit, ...path);
const blobs = (): string[] => readdirSync(join(repository(), "blobs"));

/** Names of the files in the snapshot. */
function brought(): string[] {
  return readdirSync(snapshot(), { recursive: true, encoding: "utf8" })
    .filter((name) => !lstatSync(snapshot(name)).isDirectory())
    .sort();
}

function validate(model = "hf:tiny/model", more: object = {}): Promise<CheckedConfig> {
  return validateConfig({ model, generate, ...more });
}

/** Brings all that a pipeline runs, and opens no engine. */
async function open(model = "hf:tiny/model", more: Partial<BringOptions> = {}): Promise<DownloadEvent[]> {
  const events: DownloadEvent[] = [];
  await openModel({ model }, ownCatalogue, { extent: "weights", onDownload: (event) => events.push(event), ...more });
  return events;
}

/** `code: message` of what a promise fails with. */
async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    const { code, message } = error as SkipstepError;
    return `${code}: ${message}`;
  }
  return "it did not fail";
}

/** Requests for files, without those for listings. */
const requested = (): string[] =>
  hub.arrivals.filter(({ line }) => line.includes("/resolve/")).map(({ line }) => line.split(`${hub.commit}/`)[1]!);

const weightFile = "transformer/diffusion_pytorch_model.safetensors";
const needed = [
  "model_index.json",
  "scheduler/scheduler_config.json",
  "text_encoder/config.json",
  "text_encoder/model.safetensors",
  "tokenizer/chat_template.jinja",
  "tokenizer/tokenizer.json",
  "tokenizer/tokenizer_config.json",
  "transformer/config.json",
  weightFile,
  "vae/config.json",
  "vae/diffusion_pytorch_model.safetensors",
];

describe("a name", () => {
  it.each([
    ["hf:a/b", { repository: "a/b", revision: "main", path: "" }],
    ["hf:a/b.c@v1.0", { repository: "a/b.c", revision: "v1.0", path: "" }],
    ["hf:a/b@refs/pr/3", { repository: "a/b", revision: "refs/pr/3", path: "" }],
    ["hf:a/b@main/vae/", { repository: "a/b", revision: "main", path: "vae" }],
    ["hf:a/b/split/vae.safetensors", { repository: "a/b", revision: "main", path: "split/vae.safetensors" }],
  ])("%s", (text, name) => {
    expect(parseHubName(text)).toEqual({ ...name, text });
  });

  it.each(["hf:", "hf:a", "hf:a/", "hf:a/b@", "hf:../b", "hf:a/b/../c", "hf:a/b c", "hf:a/b@../x"])(
    "%s is none",
    async (text) => {
      expect(await failure(validate(text))).toContain(`SKIPSTEP_HUB_NAME: config#/model: "${text}" names nothing`);
    },
  );
});

describe("settings", () => {
  const home = join(root, "home");
  it("are those of Hugging Face's tools", () => {
    expect(hubSettings({ XDG_CACHE_HOME: "/x" }).cacheFolder).toBe("/x/huggingface/hub");
    expect(hubSettings({ XDG_CACHE_HOME: "/x", HF_HOME: "/h" }).cacheFolder).toBe("/h/hub");
    expect(hubSettings({ HF_HOME: "/h", HF_HUB_CACHE: "/c" }).cacheFolder).toBe("/c");
    expect(hubSettings({ HF_HOME: home, HF_ENDPOINT: "https://mirror/" })).toMatchObject({
      endpoint: "https://mirror",
      offline: false,
      token: undefined,
    });
    expect(
      ["1", "ON", "yes", "True", "0", ""].map((HF_HUB_OFFLINE) => hubSettings({ HF_HUB_OFFLINE }).offline),
    ).toEqual([true, true, true, true, false, false]);
  });

  it("take the token that a login left, unless the environment has one", () => {
    mkdirSync(join(root, "logged-in"), { recursive: true });
    writeFileSync(join(root, "logged-in", "token"), "hf_file\n");
    expect(hubSettings({ HF_HOME: join(root, "logged-in") }).token).toBe("hf_file");
    expect(hubSettings({ HF_HOME: join(root, "logged-in"), HF_TOKEN: "hf_env" }).token).toBe("hf_env");
  });
});

describe("checking a config", () => {
  it("downloads JSON files only", async () => {
    const { config, model } = await validate();
    expect(config.model).toBe("hf:tiny/model");
    expect(model.checkpoint.className).toBe("ZImagePipeline");
    expect(brought()).toEqual(needed.filter((name) => !name.endsWith(".safetensors")));
  });

  it("tells what is wrong with it, at the place where it stands", async () => {
    const wrong = validate("hf:tiny/model", { components: { vea: "x" }, generate: { height: 7 } });
    expect(await failure(wrong)).toContain("SKIPSTEP_COMPONENT_MISSING: config#/components/vea: ");
    expect(await failure(validate("hf:tiny/model", { generate: { ...generate, height: 7 } }))).toContain(
      "config#/generate/height must be a multiple of",
    );
  });

  it("refuses a pipeline of another kind before it downloads more", async () => {
    hub.files.set("model_index.json", Buffer.from('{"_class_name": "KolorsPipeline", "vae": ["diffusers", "X"]}'));
    expect(await failure(validate())).toMatch(
      /^SKIPSTEP_PIPELINE_UNKNOWN: config#\/model: hf:tiny\/model is a KolorsPipeline, which .* It runs: .*ZImagePipeline/,
    );
    expect(requested()).toEqual(["model_index.json"]);
  });
});

describe("opening a pipeline", () => {
  it("downloads what it runs and nothing else, into the layout of huggingface_hub", async () => {
    const events = await open();
    expect(brought()).toEqual(needed);
    expect(readFileSync(join(repository(), "refs", "main"), "utf8")).toBe(hub.commit);
    const link = readlinkSync(snapshot(weightFile));
    expect(link).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
    expect(readFileSync(snapshot(weightFile)).equals(hub.files.get(weightFile)!)).toBe(true);
    expect(readlinkSync(snapshot("vae/config.json"))).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
    expect(blobs().filter((name) => !/^[0-9a-f]+$/.test(name))).toEqual([]);
    const size = hub.files.get(weightFile)!.length;
    const own = events.filter(({ file }) => file === weightFile);
    expect(own[0]).toEqual({ file: weightFile, done: 0, of: size });
    expect(own.at(-1)).toEqual({ file: weightFile, done: size, of: size });
    expect(own.map(({ done }) => done)).toEqual(own.map(({ done }) => done).sort((a, b) => a - b));
    expect([...new Set(events.map(({ file }) => file))].sort()).toEqual(needed);
  });

  it("tells where components come from, once their weights are here", async () => {
    const loaded = await validate();
    expect(await failure((async () => inspectConfig(loaded))())).toBe(
      'SKIPSTEP_WEIGHTS_MISSING: The weights of hf:tiny/model are not downloaded yet: opening the pipeline downloads them ("skipstep generate").',
    );
    await open();
    expect(inspectConfig(loaded).components.map(({ source }) => source)).toContainEqual({
      path: snapshot("vae"),
      hub: "hf:tiny/model",
      config: snapshot("vae/config.json"),
      layout: "diffusers",
      format: "safetensors",
    });
  });

  it("asks nobody when everything is there", async () => {
    await open();
    hub.arrivals.length = 0;
    expect(await open()).toEqual([]);
    expect(hub.arrivals).toEqual([]);
  });

  it("gives the image of the same folder on disk", async () => {
    const kinds = new Set<string>();
    const onProgress = ({ kind }: ProgressEvent): unknown => kinds.add(kind);
    const image = async (model: string): Promise<Uint8Array> => {
      const options = { cacheDir, onProgress };
      const pipeline = await createPipeline({ model, generate: { ...generate, prompt: "heart" } }, options);
      const { images } = await pipeline.generate();
      await pipeline.close();
      return images[0]!.data;
    };
    expect(await image("hf:tiny/model@v1")).toEqual(await image(emoji));
    expect(kinds).toContain("download");
    expect(readFileSync(join(repository(), "refs", "v1"), "utf8")).toBe(hub.commit);
  });

  it("takes weights of the variant where there are some, and does not download the plain ones", async () => {
    const fp16 = "vae/diffusion_pytorch_model.fp16.safetensors";
    hub.files.set(fp16, hub.files.get("vae/diffusion_pytorch_model.safetensors")!);
    hub.files.delete("transformer/diffusion_pytorch_model.fp16.safetensors");
    const choice = { model: "hf:tiny/model", variant: "fp16" };
    await openModel(choice, ownCatalogue, { extent: "weights" });
    expect(brought()).toEqual([...needed.filter((name) => !name.startsWith("vae/diff")), fp16].sort());
    hub.arrivals.length = 0;
    const weights = (await openModel(choice, ownCatalogue, { extent: "weights" })).checkpoint
      .component("vae")
      .weights();
    expect(weights.entry(weights.names[0]!).file).toBe(snapshot(fp16));
    weights.close();
    expect(hub.arrivals).toEqual([]); // what a component does not have is remembered
    expect(existsSync(join(repository(), ".no_exist", hub.commit, "text_encoder/model.fp16.safetensors"))).toBe(true);
  });

  it("downloads the shards of an index", async () => {
    const folder = join(root, "sharded");
    if (!existsSync(folder))
      cpSync(join(import.meta.dirname, "../../../test/golden/pipelines/flux"), folder, { recursive: true });
    hub.files.clear();
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }))
      if (statSync(join(folder, name)).isFile() && !name.startsWith("golden"))
        hub.files.set(name, readFileSync(join(folder, name)));
    await open();
    expect(brought().filter((name) => name.startsWith("transformer/"))).toEqual(
      [...hub.files.keys()].filter((name) => name.startsWith("transformer/")).sort(),
    );
  });

  it("uses a cache that huggingface_hub filled, refs and all, without a request", async () => {
    const commit = "f".repeat(40);
    for (const name of needed) {
      const link = join(repository(), "snapshots", commit, name);
      const blob = join(repository(), "blobs", name.replaceAll("/", "-"));
      for (const path of [link, blob]) mkdirSync(dirname(path), { recursive: true });
      writeFileSync(blob, hub.files.get(name)!);
      symlinkSync(relative(dirname(link), blob), link);
    }
    mkdirSync(join(repository(), "refs"), { recursive: true });
    writeFileSync(join(repository(), "refs", "main"), commit);
    vi.stubEnv("HF_ENDPOINT", await closedEndpoint());
    await open();
    await open(`hf:tiny/model@${commit}`);
    expect(hub.arrivals).toEqual([]);
  });

  it("sends the token to the hub, and not to where the hub sends on", async () => {
    vi.stubEnv("HF_TOKEN", "hf_good");
    await open("hf:tiny/private");
    // A page of a listing may be said to lie elsewhere.
    const access = { name: parseHubName("hf:tiny/private"), settings: hubSettings(), signal: undefined };
    await (await hubFetch(access)(`${hub.cdn}/model_index.json`)).text();
    const tokens = (host: string) =>
      new Set(hub.arrivals.filter((one) => one.host === host).map((one) => one.authorization));
    expect(tokens("hub")).toEqual(new Set(["Bearer hf_good"]));
    expect(tokens("cdn")).toEqual(new Set([undefined]));
  });
});

describe("a download", () => {
  const size = (): number => hub.files.get(weightFile)!.length;

  it("goes on where the connection broke", async () => {
    hub.faults.breakAfter = { bytes: 100_000, times: 3 };
    await open();
    expect(readFileSync(snapshot(weightFile)).equals(hub.files.get(weightFile)!)).toBe(true);
    expect(
      hub.arrivals.filter(({ host, range }) => host === "cdn" && range !== undefined).length,
    ).toBeGreaterThanOrEqual(3);
  });

  it("goes on where an earlier one stopped", async () => {
    await validate();
    hub.faults.breakAfter = { bytes: 100_000, times: 1000 };
    vi.stubEnv("HF_TOKEN", "hf_good");
    const controller = new AbortController();
    const { signal } = controller;
    const onDownload = ({ file, done }: DownloadEvent): void => {
      if (file === weightFile && done >= 100_000) controller.abort("enough");
    };
    expect(await failure(open("hf:tiny/model", { signal, onDownload }))).toContain("SKIPSTEP_CANCELLED");
    const partial = blobs().filter((name) => name.endsWith(".incomplete"));
    expect(partial).toHaveLength(1);
    const done = statSync(join(repository(), "blobs", partial[0]!)).size;
    expect(done).toBeGreaterThanOrEqual(100_000);
    hub.faults.breakAfter = undefined;
    hub.arrivals.length = 0;
    await open();
    const ranges = hub.arrivals.filter(({ line }) => line.includes(weightFile)).map(({ range }) => range);
    expect(new Set(ranges)).toEqual(new Set([`bytes=${done}-`]));
    expect(readFileSync(snapshot(weightFile)).equals(hub.files.get(weightFile)!)).toBe(true);
  });

  it("begins again where the server gives no parts, or what was there is damaged or too long", async () => {
    await open();
    const blob = join(repository(), "blobs", readlinkSync(snapshot(weightFile)).split("/").at(-1)!);
    const begin = (content: Buffer): void => {
      for (const path of [blob, snapshot(weightFile)]) rmSync(path);
      writeFileSync(`${blob}.incomplete`, content);
    };
    for (const [content, ignoreRanges, requests] of [
      [hub.files.get(weightFile)!.subarray(0, 1000), true, 1],
      [Buffer.alloc(1000, 7), false, 2],
      [Buffer.alloc(size() + 1), false, 1],
    ] as const) {
      begin(content);
      hub.faults.ignoreRanges = ignoreRanges;
      hub.arrivals.length = 0;
      await open();
      expect(hub.arrivals.filter(({ host }) => host === "cdn")).toHaveLength(requests);
      expect(readFileSync(snapshot(weightFile)).equals(hub.files.get(weightFile)!)).toBe(true);
    }
  });

  it("that arrives damaged is an error, and leaves nothing", async () => {
    hub.faults.damage = { file: weightFile, times: 9 };
    expect(await failure(open())).toMatch(
      new RegExp(
        `^SKIPSTEP_HUB_CHECKSUM: ${weightFile} arrived damaged: its hash must be [0-9a-f]{64}, found [0-9a-f]{64}\\. Run again`,
      ),
    );
    expect(existsSync(snapshot(weightFile))).toBe(false);
    expect(blobs().filter((name) => name.includes("incomplete"))).toEqual([]);
    hub.faults.damage = { file: "vae/config.json", times: 1 };
    rmSync(repository(), { recursive: true });
    expect(await failure(validate())).toMatch(
      /SKIPSTEP_HUB_CHECKSUM: config#\/model: vae\/config\.json arrived damaged/,
    );
    await open();
  });

  it("waits when the hub is busy", async () => {
    hub.faults.busy = 2;
    await validate();
    expect(hub.arrivals.length).toBeGreaterThan(2);
  });

  it("that finds no room says so before it begins", async () => {
    await validate();
    rmSync(join(repository(), ".no_exist"), { recursive: true, force: true });
    hub.sizes.set(weightFile, 2 ** 60);
    expect(await failure(open())).toMatch(
      /^SKIPSTEP_HUB_DISK_FULL: transformer\/.*safetensors needs 1152921504606\.8 MB in .*, and there are [\d.]+ MB\./,
    );
  });

  it.runIf(existsSync("/dev/full"))("that runs out of room says so", async () => {
    await validate();
    const hash = createHash("sha256").update(hub.files.get(weightFile)!).digest("hex");
    symlinkSync("/dev/full", join(repository(), "blobs", `${hash}.incomplete`));
    expect(await failure(open())).toMatch(
      /^SKIPSTEP_HUB_DISK_FULL: transformer\/\S+ needs 11\.5 MB in \S+blobs, and there is no room\. Free some, or set HF_HUB_CACHE/,
    );
    expect(readdirSync(join(cache, ".locks", "models--tiny--model"))).toEqual([]);
  });

  it("that may not write says so", async () => {
    mkdirSync(cache, { recursive: true });
    writeFileSync(join(cache, "models--tiny--model"), "a file in the way");
    expect(await failure(validate())).toMatch(/^SKIPSTEP_HUB_UNWRITABLE: config#\/model: The Hugging Face cache /);
  });

  it("is made once by processes that need it at the same time", async () => {
    const child = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const process = fork(join(import.meta.dirname, "hub-child.ts"), [cacheDir], {
          execArgv: [...typescript],
        });
        process.on("message", (message) => resolve(String(message)));
        process.on("error", reject);
        process.on("exit", (code) => code !== 0 && reject(new Error(`exit ${code}`)));
      });
    hub.faults.slow = 1;
    expect(await Promise.all([child(), child()])).toEqual(["done", "done"]);
    expect(brought()).toEqual(needed);
    expect(blobs().filter((name) => !/^[0-9a-f]+$/.test(name))).toEqual([]);
    const starts = hub.arrivals.filter(({ host, line }) => host === "cdn" && line.includes(weightFile));
    expect(starts).toHaveLength(1);
    expect(readdirSync(join(cache, ".locks", "models--tiny--model"))).toEqual([]);
  });

  it("does not wait for one that died", async () => {
    await open();
    const [hash] = readlinkSync(snapshot(weightFile)).split("/").slice(-1);
    for (const path of [join(repository(), "blobs", hash!), snapshot(weightFile)]) rmSync(path);
    const lock = join(cache, ".locks", "models--tiny--model", `${hash}.skipstep.lock`);
    writeFileSync(lock, "");
    utimesSync(lock, new Date(0), new Date(0));
    await open();
    expect(existsSync(lock)).toBe(false);
  });
});

describe("what cannot be had", () => {
  it("no such repository, with and without a token", async () => {
    expect(await failure(validate("hf:tiny/nowhere"))).toBe(
      `SKIPSTEP_HUB_NOT_FOUND: config#/model: ${hub.endpoint} has no model "tiny/nowhere", or it is private, which needs a token in HF_TOKEN. Check the name.`,
    );
    expect(await failure(validate("hf:tiny/private"))).toContain("SKIPSTEP_HUB_NOT_FOUND");
    vi.stubEnv("HF_TOKEN", "hf_bad");
    expect(await failure(validate("hf:tiny/private"))).toMatch(
      /^SKIPSTEP_HUB_DENIED: .*cannot be read with this token/,
    );
    expect(await failure(validate("hf:tiny/nowhere"))).toMatch(/^SKIPSTEP_HUB_NOT_FOUND: .*whose token is in HF_TOKEN/);
  });

  it("no such revision", async () => {
    expect(await failure(validate("hf:tiny/model@v9"))).toContain(
      'SKIPSTEP_HUB_REVISION: config#/model: "tiny/model" has no revision "v9" on the hub.',
    );
  });

  it("a gated repository", async () => {
    expect(await failure(validate("hf:tiny/gated"))).toBe(
      `SKIPSTEP_HUB_DENIED: config#/model: "tiny/gated" is gated: accept its terms at ${hub.endpoint}/tiny/gated, and set HF_TOKEN to a token of that account.`,
    );
  });

  it("a repository without a pipeline, and a component without weights", async () => {
    hub.files.delete("model_index.json");
    expect(await failure(validate())).toMatch(
      /^SKIPSTEP_HUB_FILE: .*hf:tiny\/model has no model_index\.json\. It has: /,
    );
    hub.files.set("model_index.json", readFileSync(join(emoji, "model_index.json")));
    for (const name of [...hub.files.keys()]) if (name.startsWith("vae/d")) hub.files.delete(name);
    expect(await failure(open())).toContain(
      "SKIPSTEP_HUB_FILE: hf:tiny/model has no vae/diffusion_pytorch_model.safetensors.",
    );
  });

  it("no network, an address that is none, and offline", async () => {
    vi.stubEnv("HF_ENDPOINT", await closedEndpoint());
    expect(await failure(validate())).toMatch(
      /^SKIPSTEP_HUB_UNREACHABLE: config#\/model: http:\/\/127\.0\.0\.1:\d+\/\S+\/main cannot be reached: .*ECONNREFUSED.*HF_HUB_OFFLINE=1/,
    );
    vi.stubEnv("HF_ENDPOINT", "localhost/hub");
    expect(await failure(validate())).toMatch(
      /^SKIPSTEP_HUB_UNREACHABLE: config#\/model: localhost\/hub\S* cannot be reached: .*HF_HUB_OFFLINE=1/,
    );
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await failure(validate())).toBe(
      `SKIPSTEP_HUB_OFFLINE: config#/model: hf:tiny/model is not in ${cache}, and HF_HUB_OFFLINE keeps it from being downloaded. Unset it, or download it first.`,
    );
    vi.stubEnv("HF_ENDPOINT", hub.endpoint);
    vi.stubEnv("HF_HUB_OFFLINE", "");
    await validate();
    hub.arrivals.length = 0;
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    await validate();
    expect(await failure(open())).toMatch(/^SKIPSTEP_HUB_OFFLINE: text_encoder\/\S+ of hf:tiny\/model is not in/);
    expect(hub.arrivals).toEqual([]);
  });

  it("lists that are endless, huge or nested deeply, and configs of an impossible size", async () => {
    hub.faults.endless = true;
    expect(await failure(validate())).toContain("with more than 1000 pages. Try again later.");
    hub.faults.endless = false;
    hub.faults.listing = "[".repeat(200_000);
    expect(await failure(validate())).toContain("answers with JSON that is nested more than 100 deep.");
    hub.faults.listing = JSON.stringify(["a".repeat(17 * 2 ** 20)]);
    expect(await failure(validate())).toContain("answers more than 16777216 bytes of JSON.");
    hub.faults.listing = undefined;
    hub.sizes.set("model_index.json", 1e12);
    expect(await failure(validate())).toContain(
      "SKIPSTEP_HUB_FILE: config#/model: hf:tiny/model has a model_index.json of 1000000000000 bytes",
    );
  });

  const page = "<!doctype html><html>Log in to this network</html>";
  const commit = "0123456789abcdef0123456789abcdef01234567";
  it.each<[string, string]>([
    ["a web page", page],
    ["a list", "[]"],
    ["null", "null"],
    ["no commit", "{}"],
    ["a number", '{"sha": 3}'],
    ["a path", '{"sha": "../../../../elsewhere"}'],
    ["a commit cut short", `{"sha": "${commit.slice(1)}"}`],
    ["another script", `{"sha": "${commit.slice(1)}\u0660"}`],
  ])("a branch that stands for %s", async (_, answer) => {
    hub.faults.revision = answer;
    const error = await failure(validate());
    hub.faults.revision = undefined;
    expect(error).toMatch(
      /^SKIPSTEP_HUB_FAILED: config#\/model: \S+ answers with (a commit that is no|what is no answer)/,
    );
    expect(existsSync(cache)).toBe(false);
  });

  const file = { type: "file", path: "model_index.json", size: 3, oid: "0".repeat(40) };
  it.each<[string, unknown]>([
    ["a web page", page],
    ["a number", 3],
    ["null", null],
    ["an object", {}],
    ["entries that are none", [null]],
    ["a file without a path", [{ ...file, path: undefined }]],
    ["a file whose path is a number", [{ ...file, path: 3 }]],
    ["a file without a hash", [{ ...file, oid: undefined }]],
    ["a file whose hash leads elsewhere", [{ ...file, oid: "../../../x" }]],
    ["a large file without a hash", [{ ...file, lfs: {} }]],
    ["a file without a size", [{ ...file, size: undefined }]],
    ["a size that is a text", [{ ...file, size: "3" }]],
    ["a size below zero", [{ ...file, size: -1 }]],
  ])("a listing that is %s, or has them", async (_, listing) => {
    hub.faults.listing = typeof listing === "string" ? listing : JSON.stringify(listing);
    const error = await failure(validate());
    hub.faults.listing = undefined;
    expect(error).toMatch(
      /^SKIPSTEP_HUB_FAILED: config#\/model: \S+ answers with (a file that has no|a list|what is no)/,
    );
  });

  it("forgets what the cache says of a branch when that is no commit", async () => {
    await validate();
    const ref = join(repository(), "refs/main");
    writeFileSync(ref, "../../../elsewhere");
    await validate();
    expect(readFileSync(ref, "utf8")).toBe(hub.commit);
  });

  it("stops when its signal is aborted", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    expect(await failure(validateConfig({ model: "hf:tiny/model", generate }, { signal }))).toContain(
      "SKIPSTEP_CANCELLED",
    );
  });
});

describe("components", () => {
  it("may come from the hub, folder or file, over a folder on disk", async () => {
    const config = {
      model: emoji,
      generate,
      components: {
        vae: "hf:tiny/model/vae",
        transformer: `hf:tiny/model@main/${weightFile}`,
        tokenizer: "hf:tiny/model/tokenizer",
      },
    };
    const {
      model: { checkpoint },
    } = await validateConfig(config);
    expect(brought().some((name) => name.endsWith(".safetensors"))).toBe(false);
    expect(checkpoint.component("vae").source).toEqual({
      path: snapshot("vae"),
      hub: "hf:tiny/model/vae",
      config: snapshot("vae/config.json"),
    });
    await (await createPipeline(config, { cacheDir })).close();
    expect(brought()).toEqual([
      "tokenizer/chat_template.jinja",
      "tokenizer/tokenizer.json",
      "tokenizer/tokenizer_config.json",
      weightFile,
      "vae/config.json",
      "vae/diffusion_pytorch_model.safetensors",
    ]);
  });

  it("beside a single file on the hub, of which its header says what it predicts before it is downloaded", async () => {
    const header: Record<string, unknown> = { __metadata__: { "modelspec.prediction_type": "v" } };
    let end = 0;
    for (const [name, shape] of shapesOfModel(unet2DCondition, tinyUNet)) {
      const size = 2 * shape.reduce((product, dim) => product * dim, 1);
      header[name] = { dtype: "F16", shape, data_offsets: [end, end + size] };
      end += size;
    }
    header["edm_vpred.sigma_max"] = { dtype: "F16", shape: [1], data_offsets: [end, end + 2] };
    hub.files.set("unet.safetensors", withHeader(JSON.stringify(header), Buffer.alloc(end + 2)));
    const parts = ["vae", "text_encoder", "tokenizer"];
    const components = Object.fromEntries(parts.map((name) => [name, join(goldenSd15, name)]));
    const {
      model: { checkpoint },
    } = await validateConfig({ model: "hf:tiny/model/unet.safetensors", components, generate: {} });
    expect(existsSync(snapshot("unet.safetensors"))).toBe(false);
    expect(checkpoint.component("scheduler").config.prediction_type).toBe("v_prediction");
    expect(checkpoint.notes?.map(({ text }) => text)).toContain(
      "hf:tiny/model/unet.safetensors: EDM noise levels from 120 to 0.002, from tensor edm_vpred.sigma_max.",
    );
  });

  it("replace those of a checkpoint on the hub, whose weights are not downloaded then", async () => {
    const components = { vae: join(emoji, "vae"), transformer: join(emoji, weightFile) };
    await (await createPipeline({ model: "hf:tiny/model", generate, components }, { cacheDir })).close();
    const isReplaced = (name: string): boolean => /^(vae|transformer)\/.*\.safetensors$/.test(name);
    expect(brought()).toEqual(needed.filter((name) => !isReplaced(name)));
  });

  it("that are nowhere are told at their place", async () => {
    const components = { vae: "hf:tiny/model/vea" };
    expect(await failure(validateConfig({ model: emoji, generate, components }))).toMatch(
      /^SKIPSTEP_HUB_FILE: config#\/components\/vae: hf:tiny\/model\/vea has no vea\/config\.json\. Did you mean "vae\/config\.json"\?/,
    );
  });
});

describe("a model that only a recipe names", () => {
  const recipe = (model: string, more: object = {}): Recipe => ({
    recipe: 2,
    config: {
      model: { name: model.slice(3), hub: model },
      device: "cpu",
      memory: "resident",
      guidance: "batch",
      generate,
      plugins: [],
      strict: false,
      ...more,
    },
    image: 0,
    versions: {},
    weights: {},
    plugins: [],
  });
  const tokens = (): (string | undefined)[] => [...new Set(hub.arrivals.map(({ authorization }) => authorization))];
  const large = (): number => needed.reduce((sum, file) => sum + hub.files.get(file)!.length, 0);

  beforeEach(() => {
    vi.stubEnv("HF_TOKEN", "hf_good");
  });

  it("is listed with its size, and neither fetched nor noted before somebody says yes", async () => {
    expect(await failure(openRecipe(recipe("hf:tiny/model")))).toContain(
      `SKIPSTEP_RECIPE_UNTRUSTED: Nobody allowed what the recipe reads: model hf:tiny/model (about ${(large() / 1e6).toFixed(1)} MB to download).`,
    );
    const asked: RecipeSource[] = [];
    const allow = (sources: readonly RecipeSource[]): boolean => asked.push(...sources) < 0;
    await failure(openRecipe(recipe("hf:tiny/model"), { allow }));
    expect(asked).toEqual([{ key: "model", name: "tiny/model", hub: "hf:tiny/model", downloadBytes: large() }]);
    expect(existsSync(cache)).toBe(false);
    expect(tokens()).toEqual([undefined]);
    expect(requested()).toEqual([]);
  });

  it("is listed with its size at once, however many folders it has", async () => {
    const paths = Array.from({ length: 20_000 }, (_, i) => `folder${i}/config.json`);
    hub.faults.listing = JSON.stringify(paths.map((path) => ({ type: "file", path, size: 1000, oid: "0".repeat(40) })));
    const [name, before] = [parseHubName("hf:tiny/model"), process.cpuUsage()];
    expect(await downloadSize(name, {})).toBe(20_000_000);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(5); // seconds; looking through all for each takes 10 on an idle core
  });

  it("is listed without its size where the hub does not tell", async () => {
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await failure(openRecipe(recipe("hf:tiny/model")))).toContain("model hf:tiny/model (size unknown).");
    vi.stubEnv("HF_HUB_OFFLINE", "");
    expect(await failure(openRecipe(recipe("hf:tiny/private")))).toContain("model hf:tiny/private (size unknown).");
    expect(tokens()).toEqual([undefined]);
  });

  it.each<[string, string | true]>([
    ["everything", true],
    ["it by its name", "hf:tiny/model"],
  ])("is fetched without the user's token where he allows %s", async (_, allow) => {
    const opened = await openRecipe(recipe("hf:tiny/model@main"), { allow: allow === true ? true : [allow] });
    const pipeline = await openPipeline(await validateConfig(opened), { cacheDir, threads: 1 });
    await pipeline.close();
    expect(brought()).toEqual(needed);
    expect(tokens()).toEqual([undefined]);
  });

  it("stays without a token when plugins change, and in a component", async () => {
    const pipeline = await createPipeline(await openRecipe(recipe("hf:tiny/model"), { allow: true }), { cacheDir });
    rmSync(cache, { recursive: true });
    await pipeline.setPlugins([]);
    await pipeline.close();
    rmSync(cache, { recursive: true });
    const parts = recipe("hf:tiny/model", {
      model: { name: "emoji", path: emoji },
      components: { vae: { name: "vae", hub: "hf:tiny/model/vae" } },
    });
    await validateConfig(await openRecipe(parts, { allow: ["hf:tiny/model", emoji] }));
    expect(requested()).toContain("vae/config.json");
    expect(tokens()).toEqual([undefined]);
  });

  it("is not allowed by another's name", async () => {
    for (const allow of ["hf:tiny/mode", "hf:tiny/model@v1", "hf:tiny/model/vae", "tiny/model"])
      expect(await failure(openRecipe(recipe("hf:tiny/model"), { allow: [allow] }))).toContain("RECIPE_UNTRUSTED");
    expect(await failure(openRecipe(recipe("hf:tiny/model"), { allow: ["hf:tiny/"] }))).toContain("SKIPSTEP_HUB_NAME");
    for (const allow of ["hf:tiny/model", "hf:tiny/model@v1", "hf:tiny/model@v1/vae"])
      await openRecipe(recipe("hf:tiny/model@v1/vae"), { allow: [allow] });
  });

  it("that needs one is not fetched, and the error says why", async () => {
    const opened = await openRecipe(recipe("hf:tiny/private"), { allow: true });
    expect(await failure(validateConfig(opened))).toContain(
      `SKIPSTEP_HUB_DENIED: config#/model: "tiny/private" is gated, private, or not there, and your token is not sent`,
    );
  });

  it("is not the user's in another revision, nor what others proposed for one that he allows", async () => {
    const own = await validate();
    for (const model of ["hf:tiny/model@refs/pr/1", "hf:tiny/model@v1"]) {
      const parts = recipe("hf:tiny/model", { components: { vae: { name: "vae", hub: `${model}/vae` } } });
      expect(await failure(openRecipe(parts, { config: own }))).toContain(`components.vae ${model}/vae`);
    }
    const proposed = recipe("hf:tiny/model@refs/pr/1");
    expect(await failure(openRecipe(proposed, { allow: ["hf:tiny/model"] }))).toContain("RECIPE_UNTRUSTED");
    await openRecipe(proposed, { allow: ["hf:tiny/model@refs/pr/1"] });
  });

  it("asks the hub for a few sizes, however many names there are", async () => {
    const names = Array.from({ length: 1000 }, (_, i) => [`part${i}`, { name: "x", hub: `hf:tiny/model@v1/${i}` }]);
    const said = await failure(openRecipe(recipe("hf:tiny/model", { components: Object.fromEntries(names) })));
    expect(said).toContain("; and 981 more.");
    expect(hub.arrivals.length).toBeLessThan(200); // a listing has several pages
  });

  it("is fetched with the token when it is the user's config that names it, or --set", async () => {
    const own = await validate();
    hub.arrivals.length = 0;
    rmSync(cache, { recursive: true });
    const opened = await openRecipe(recipe("hf:tiny/model"), { config: own });
    await validateConfig(opened);
    const overrides = ["model=hf:tiny/private"];
    await validateConfig(await openRecipe(recipe("hf:tiny/gated"), { overrides }), { overrides });
    expect(tokens()).toEqual(["Bearer hf_good"]);
  });
});
