import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildGraph, expectClose, readConfig, readSafetensors, runGraph, weightShapes } from "@skipstep/contract/graph";
import { floats, graphPlugins, SkipstepError, type Tensor, type Value } from "@skipstep/core/model";
import { ChannelsLast } from "@skipstep/plugin-channels-last";
import { describe, expect, it } from "vitest";
import { unet2D } from "../src/index";

const golden = join(import.meta.dirname, "../../../test/golden");

describe("config.json of a UNet2DModel", () => {
  it("may have every option of the reference's class, with its default", () => {
    const { UNet2DModel: options } = JSON.parse(readFileSync(join(golden, "config-keys/expected.json"), "utf8"));
    const warnings: string[] = [];
    expect(options).toMatchObject(unet2D.parse(options, (warning) => warnings.push(warning)) as object);
    expect(unet2D.parse({})).toEqual(unet2D.parse(options));
    expect(warnings).toEqual([]);
  });

  it("may have others, which are named and change nothing", () => {
    const warnings: string[] = [];
    expect(unet2D.parse({ norm_num_group: 4 }, (warning) => warnings.push(warning))).toEqual(unet2D.parse({}));
    expect(warnings).toEqual([expect.stringContaining('Did you mean "norm_num_groups"?')]);
  });

  it.each([
    [{ up_block_types: ["SkipUpBlock2D"] }, '"up_block_types" (at 0) must be one of "AttnUpBlock2D",'],
    [{ time_embedding_type: "learned" }, '"time_embedding_type" must be one of "positional", "fourier"'],
    [{ downsample_padding: 2 }, '"downsample_padding" must be one of 0, 1, found 2'],
    [{ downsample_type: "fir" }, '"downsample_type" must be one of "conv", "resnet", found "fir"'],
    [{ block_out_channels: [32] }, '"down_block_types" must have as many entries as "block_out_channels" (1), found 4'],
    [{ sample_size: [32, 0] }, '"sample_size" (at 1) must be an integer from 1 to 16384, found 0'],
  ])("%j is refused", (raw, message) => {
    expect(() => unet2D.parse(raw)).toThrow(
      expect.objectContaining({ code: "SKIPSTEP_MODEL_OPTION", message: expect.stringContaining(message) }),
    );
  });

  it("with numbers that no model has is refused with a code, or builds a graph", () => {
    const small = { layers_per_block: 1 };
    const outcome = (raw: object): string => {
      try {
        return weightShapes(unet2D, raw).size > 0 ? "fine" : "empty";
      } catch (error) {
        return error instanceof SkipstepError ? error.code : String(error);
      }
    };
    const hostile = [0, -1, 0.5, 3, 7, 1e6, 2 ** 31, 1e12, 1e308, Number.POSITIVE_INFINITY, [], [0]];
    const options = Object.entries(unet2D.parse(small) as object).filter(([, value]) => typeof value !== "boolean");
    const found = options.flatMap(([option]) =>
      hostile.map((value) => `${option} ${value}: ${outcome({ ...small, [option]: value })}`),
    );
    expect(found.filter((text) => !/: (fine|SKIPSTEP_(MODEL_OPTION|GRAPH_SHAPE))$/.test(text))).toEqual([]);
  });
});

it("its structure lists every layer, in running order", () => {
  const folder = join(golden, "models-extra/unet2d-fourier");
  const { features, unet } = unet2D.structure!(unet2D.parse(readConfig(folder)));
  expect(features).toEqual(["unet"]);
  const { levels, middle } = unet!;
  const down = levels.flatMap((level) => level.down.flat());
  const up = [...levels].reverse().flatMap((level) => level.up.flat());
  const scopes = buildGraph(unet2D, folder).nodes.map(
    ({ scope }) => /^(mid_block|\w+_blocks\.\d+\.\w+\.\d+)/.exec(scope)?.[0],
  );
  const inside = scopes.slice(scopes.findIndex(Boolean), scopes.findLastIndex(Boolean) + 1);
  expect(inside.filter((scope, i) => scope !== inside[i - 1])).toEqual([...down, middle, ...up]);
});

/** Where its weights are hooked is for the plugins to say; the numbers must be the reference's. */
it("channels-last leaves what it computes", async () => {
  const folder = join(golden, "models-extra/unet2d-fourier");
  const io = readSafetensors(join(folder, "io.safetensors"));
  const plugins = graphPlugins("unet", [{ use: ChannelsLast }]);
  const graph = buildGraph(unet2D, folder, { hooks: plugins.build, component: "unet" });
  const { sample } = await runGraph(
    graph,
    Object.fromEntries(graph.inputs.map((input) => [input.name, given(io, input)])),
  );
  expectClose("sample", sample!, io.get("out.0")!);
  expect(plugins.build.receipts[0]!.changes).toMatchObject({ "transposes left": 0 });
});

/** The reference takes whole numbers for timesteps, too, and one for all images. */
function given(io: ReadonlyMap<string, Tensor>, { name, dtype }: Value): Tensor {
  const batch = io.get("in.sample")!.shape[0]!;
  const tensor = io.get(`in.${name}`)!;
  if (dtype !== "float32" || tensor.shape.length > 1) return tensor;
  const data = Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  return floats(
    [batch],
    Float32Array.from({ length: batch }, (_, i) => data[i] ?? data[0]!),
  );
}
