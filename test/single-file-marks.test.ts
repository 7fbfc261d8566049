import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { withHeader } from "@skipstep/contract/graph";
import { type ConfigInput, createPipeline, type GenerateConfig, inspectConfig, validateConfig } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./emoji";

/** Files that say what they are by tensors that hold nearly nothing, and by their header. */

const root = temporaryFolder();
const golden = join(import.meta.dirname, "golden");
const call = JSON.parse(readFileSync(join(golden, "single-files/call.json"), "utf8")) as GenerateConfig;
const parts = ["vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"];
const components = Object.fromEntries(parts.map((name) => [name, join(golden, "pipelines/sdxl", name)]));

interface Edit {
  readonly without?: readonly string[];
  readonly with?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A packed file of the golden data, with other marks. @returns its path */
function edited(name: string, as: string, { without = [], with: added = [], metadata }: Edit = {}): string {
  const file = gunzipSync(readFileSync(join(golden, "single-files", `${name}.safetensors.gz`)));
  const start = 8 + Number(file.readBigUInt64LE());
  const stored = JSON.parse(file.toString("utf8", 8, start)) as Record<string, { data_offsets: [number, number] }>;
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  const data: Buffer[] = [];
  let end = 0;
  for (const [tensor, entry] of Object.entries(stored)) {
    if (tensor === "__metadata__" || without.includes(tensor)) continue;
    const [from, to] = entry.data_offsets;
    header[tensor] = { ...entry, data_offsets: [end, end + to - from] };
    data.push(file.subarray(start + from, start + to));
    end += to - from;
  }
  for (const tensor of added) header[tensor] = { dtype: "F32", shape: [0], data_offsets: [end, end] };
  const path = join(root, `${as}.safetensors`);
  writeFileSync(path, withHeader(JSON.stringify(header), Buffer.concat(data)));
  return path;
}

async function expectPicture(config: ConfigInput, name: string): Promise<readonly string[]> {
  const pipeline = await createPipeline({ components, generate: call, ...config }, { cacheDir: join(root, "engines") });
  try {
    const { images, report } = await pipeline.generate();
    const expected = readFileSync(join(golden, "single-files", `${name}.rgb`));
    const { values } = images[0]!;
    expect(values.length).toBe(expected.length);
    const largest = values.reduce(
      (most, value, i) => Math.max(most, Math.abs(Math.round(value * 255) - expected[i]!)),
      0,
    );
    expect(largest).toBeLessThanOrEqual(1);
    return report.warnings;
  } finally {
    await pipeline.close();
  }
}

const edm = ["edm_vpred.sigma_max", "edm_vpred.sigma_min"];

describe("a file of Stable Diffusion XL", () => {
  it("with ends of EDM noise levels is drawn as CosXL", async () => {
    const model = edited("cosxl", "cosxl");
    expect(await expectPicture({ model }, "cosxl")).toEqual([]);
    const { scheduler, notes } = inspectConfig(await validateConfig({ model, components, generate: call }));
    expect(scheduler).toMatchObject({
      className: "EDMEulerScheduler",
      options: { sigma_min: 0.002, sigma_max: 120, sigma_data: 1, sigma_schedule: "exponential" },
    });
    expect(notes.map(({ text }) => text.replace(`${model}: `, ""))).toEqual([
      "prediction type v_prediction, from tensor edm_vpred.sigma_max.",
      "EDM noise levels from 120 to 0.002, from tensor edm_vpred.sigma_max.",
    ]);
  });

  it("with one end of EDM noise levels, and not the other, is told of it", async () => {
    const model = edited("cosxl", "one end", { without: ["edm_vpred.sigma_max"] });
    const { scheduler, notes } = inspectConfig(await validateConfig({ model, components, generate: call }));
    expect(scheduler.className).toBe("EulerDiscreteScheduler");
    expect(notes).toEqual([{ kind: "warning", text: expect.stringContaining("edm_vpred.sigma_min had no effect") }]);
  });

  it.each<[string, Edit]>([
    ["a header", { metadata: { "modelspec.prediction_type": "v" } }],
    ["a tensor", { with: ["v_pred"] }],
  ])("that predicts v by %s is drawn so", async (by, edit) => {
    const model = edited("cosxl", `v by ${by}`, { ...edit, without: edm });
    expect(await expectPicture({ model }, "v")).toEqual([]);
  });

  it("with zero terminal SNR is drawn so, and as the config says where it says otherwise", async () => {
    const model = edited("cosxl", "zero-snr", { with: ["v_pred", "ztsnr"], without: edm });
    expect(await expectPicture({ model }, "zero-snr")).toEqual([]);
    expect(await expectPicture({ model, scheduler: { rescale_betas_zero_snr: false } }, "v")).toEqual([]);
  });

  it("takes over what it predicts into another scheduler, and tells of one for other noise levels", async () => {
    const type = "EulerAncestralDiscreteScheduler";
    const inspected = async (model: string) =>
      inspectConfig(await validateConfig({ model, components, generate: call, scheduler: { type } }));
    const zero = await inspected(edited("cosxl", "zero-snr", { with: ["v_pred", "ztsnr"], without: edm }));
    expect(zero.scheduler.options).toMatchObject({ prediction_type: "v_prediction", rescale_betas_zero_snr: true });
    expect(zero.notes.filter(({ kind }) => kind === "warning")).toEqual([]);
    const cosxl = await inspected(edited("cosxl", "cosxl"));
    expect(cosxl.notes.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(
        /: the model was trained on EDM noise levels, which EulerAncestralDiscreteScheduler does not have/,
      ),
    );
  });

  it("under a scheduler from elsewhere is drawn as that says, with a warning", async () => {
    const scheduler = join(golden, "pipelines/sdxl/scheduler");
    const warningsOf = async (model: string, over: ConfigInput["scheduler"] = {}): Promise<string[]> => {
      const config = { model, components: { ...components, scheduler }, generate: call, scheduler: over };
      const { notes } = inspectConfig(await validateConfig(config));
      return notes.filter(({ kind }) => kind === "warning").map(({ text }) => text.replace(model, "FILE"));
    };
    const zero = edited("cosxl", "zero-snr", { with: ["v_pred", "ztsnr"], without: edm });
    expect(await warningsOf(zero)).toEqual([
      'FILE: the model asks for prediction_type v_prediction, and EulerDiscreteScheduler has epsilon. Set "scheduler": { "prediction_type": "v_prediction" } to follow the file, or to "epsilon" if that is meant.',
      'FILE: the model asks for rescale_betas_zero_snr true, and EulerDiscreteScheduler has false. Set "scheduler": { "rescale_betas_zero_snr": true } to follow the file, or to false if that is meant.',
    ]);
    expect(await warningsOf(zero, { prediction_type: "epsilon", rescale_betas_zero_snr: true })).toEqual([]);
    expect(await warningsOf(zero, { type: "LMSDiscreteScheduler", prediction_type: "v_prediction" })).toEqual([
      'FILE: the model asks for rescale_betas_zero_snr true, which LMSDiscreteScheduler does not have. Choose another with "scheduler": { "type": … }.',
    ]);
    expect(await warningsOf(edited("cosxl", "cosxl"), { prediction_type: "v_prediction" })).toEqual([
      expect.stringMatching(/^FILE: the model was trained on EDM noise levels, which EulerDiscreteScheduler/),
    ]);
    const plain = edited("cosxl", "plain", { without: edm });
    expect(await warningsOf(plain)).toEqual([]);
  });

  it("that was distilled has as many layers as it has", async () => {
    const model = edited("ssd-1b", "ssd-1b");
    expect(await expectPicture({ model, generate: { ...call, seed: 512 } }, "ssd-1b")).toEqual([]);
  });

  it("is told of tensors that nothing uses, but for those that many have", async () => {
    const strange = ["model.diffusion_model.input_blocks.1.0.extra.weight", "first_stage_modell.encoder.conv_in.bias"];
    const harmless = [
      "model_ema.decay",
      "alphas_cumprod",
      "denoiser.sigmas",
      "conditioner.embedders.1.model.logit_scale",
    ];
    const model = edited("cosxl", "strange", { with: [...strange, ...harmless] });
    const { notes } = inspectConfig(await validateConfig({ model, components, generate: call }));
    const warnings = notes.filter(({ kind }) => kind === "warning").map(({ text }) => text.replace(model, "FILE"));
    expect(warnings).toEqual([
      `FILE: no model of it has a use for tensor "${strange[1]}", which had no effect.`,
      'FILE: UNet2DConditionModel (unet) has no use for tensor "input_blocks.1.0.extra.weight", which had no effect.',
    ]);
  });
});
