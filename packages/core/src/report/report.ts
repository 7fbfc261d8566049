import type { OperatorCounts } from "../compiler/providers/fallback-counts";
import { megabytes } from "../errors/gigabytes";
import type { BuildCounts, BuildHookRunner, BuildReceipt, TokensReceipt } from "../plugins/build-hooks";
import type { EncodingCount } from "../program/encodings";
import type { PassName, Work, WorkMeter } from "../program/work-meter";
import { type ComputeReport, reportCompute, skippedFlopsOf } from "./compute-report";
import type { CopiesReport } from "./copies-report";
import { guidanceRow, type RegionReceipt, type RunReceipts } from "./receipts";
import { noEffect, numbersNotFinite } from "./warnings";

/** What one plugin did in one generation. */
export interface PluginReport {
  readonly name: string;
  /** One line for people: `reused 11 of 20 steps, saved 46% of denoiser time (50% of FLOPs skipped, 93% realised)`. */
  readonly summary: string;
  /** False when the image and the work are as without the plugin. */
  readonly effect: boolean;
  /** A plugin that decides about guidance or predictions has rows `guidance` and `predictions`, of the whole model: `""`. */
  readonly regions: readonly RegionReport[];
  /** Where it has a hand in guidance. */
  readonly guidance?: GuidanceReport;
  /** Blocks that did with fewer tokens by it: of each image, at the sizes of the last pass. */
  readonly tokens?: readonly TokensReport[];
  /** What its skipping came to, where it skipped something. */
  readonly compute?: ComputeReport;
  /** Most bytes that it kept at once, between steps and in them. */
  readonly keptBytes: number;
  /** Weights and attentions that it took over, and what it changed, when the models were built, in all and by component. */
  readonly build: Omit<BuildReceipt, "plugin">;
}

/** What became of a region that a plugin wraps, in one generation; also the row of whole predictions, and of guidance. */
export interface RegionReport {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Where it ends before a scope. */
  readonly until?: string;
  /** 0-based steps. */
  readonly computed: readonly number[];
  readonly reused: readonly number[];
  /** Seconds spent computing the region, and an estimate of what the reused steps would have taken. */
  readonly seconds: number;
  readonly savedSeconds: number;
  /** FLOPs of the region over all steps, and those of them that were not done. */
  readonly flops: number;
  readonly skippedFlops: number;
  /** What the plugin recorded: `{ residual_diff: { "3": 0.061 } }`. */
  readonly numbers: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What one ControlNet did in one generation. */
export interface ControlNetReport {
  /** `controlnet_1` */
  readonly name: string;
  /** 0-based steps at which it ran; at the others it would have added nothing. */
  readonly steps: readonly number[];
  readonly summary: string;
}

/** A block whose modules did with fewer tokens. */
export interface TokensReport {
  readonly block: string;
  readonly tokens: number;
  readonly kept: number;
}

/** What a plugin made of guided steps. Passes are counted by branch: a step in one batch is two. */
export interface GuidanceReport {
  /** 0-based steps at which all branches ran that it was offered, and those at which it left some out. */
  readonly guided: readonly number[];
  readonly unguided: readonly number[];
  /** That it was offered, and those of them that it left out. */
  readonly passes: number;
  readonly savedPasses: number;
}

/** The account of one generation. */
export interface Report {
  /** The seed that was used, also when none was given. */
  readonly seed: number;
  /** Requests that were drawn in one batch, this one among them; left out for one that was drawn alone. Seconds, FLOPs, copies and kept bytes are of all of them. */
  readonly together?: number;
  readonly seconds: {
    readonly total: number;
    /** As the caller waits for them: `encode`, `denoise`, `decode`, and `previews`, which are part of `denoise`. */
    readonly phases: Readonly<Record<string, number>>;
    /** In ONNX Runtime, by component. */
    readonly components: Readonly<Record<string, number>>;
    /** In ONNX Runtime, by `<component>/<segment>`. */
    readonly segments: Readonly<Record<string, number>>;
  };
  readonly plugins: readonly PluginReport[];
  /** What each ControlNet did; left out where there is none. */
  readonly controlnets?: readonly ControlNetReport[];
  /** Most bytes that plugins kept at once. What the family itself keeps for all steps is not among them. */
  readonly keptBytes: number;
  /** How often text encoders ran, and how often their result was there from an earlier generation of the pipeline. */
  readonly encodings: EncodingCount;
  /**
   * Nodes that ran on the CPU, by component and operator: of components that were put elsewhere, those with none as
   * well. Functions that this generation needed besides have names of their own, such as `vae/encode`. Left out where
   * all were on the CPU.
   */
  readonly cpuNodes?: Readonly<Record<string, OperatorCounts>>;
  /** Where the denoiser runs on a device that keeps tensors between its parts: what was copied all the same. */
  readonly copies?: CopiesReport;
  /** LoRAs that ran beside the weights, where the generation had some. */
  readonly loras?: readonly LoraReport[];
  readonly warnings: readonly string[];
  /** What was concluded and is no reason to worry: weights in prompts, prompts in several chunks. */
  readonly notes: readonly string[];
}

/** What a LoRA beside the weights came to. */
export interface LoraReport {
  /** Absolute path, and the name under which the config allows it. */
  readonly file: string;
  readonly name?: string;
  readonly scale: number;
  /** Modules that it has, and how many of them run by the components that they are in. */
  readonly modules: number;
  readonly matched: Readonly<Record<string, number>>;
}

/**
 * One line a plugin from what core itself saw it do.
 * @param brought what each plugin's manifest brought that this generation was made with: `runs a DDPMPipeline`
 */
export function reportPlugins(
  { receipts: builds, tokenBlocks }: Pick<BuildHookRunner, "receipts" | "tokenBlocks">,
  hooks: RunReceipts,
  steps: number,
  denoiser: string,
  brought: ReadonlyMap<string, readonly string[]>,
): PluginReport[] {
  return builds.map(({ plugin, ...counts }) => {
    const build = structuredClone(counts); // entries that are opened later are counted in the next report
    const receipts = hooks.receipts.filter((receipt) => receipt.plugin === plugin);
    const regions = receipts.map((receipt) => regionReport(receipt, hooks.meter));
    const compute = reportCompute(plugin, hooks);
    const guidance = reportGuidance(receipts);
    const tokens = reportTokens(
      tokenBlocks.filter((block) => block.plugin === plugin && block.component === denoiser),
      hooks.meter,
    );
    const watched = hooks.watched.get(plugin) ?? 0;
    const parts = [
      ...(brought.get(plugin) ?? []),
      ...skipped(receipts, guidance, compute, steps),
      ...altered(receipts),
      ...built(build, denoiser),
      ...reduced(tokens),
    ];
    const onlyWatches = watched > 0 && receipts.length === 0;
    const effect = parts.length > 0 || onlyWatches;
    const idle = onlyWatches ? `watched ${watched} of ${steps} steps` : "no effect";
    return {
      name: plugin,
      summary: parts.join("; ") || idle,
      effect,
      regions,
      ...(guidance ? { guidance } : {}),
      ...(tokens.length > 0 ? { tokens } : {}),
      ...(compute ? { compute } : {}),
      keptBytes: hooks.accountOf(plugin).peakKeptBytes,
      build,
    };
  });
}

/** Warnings for plugins that did nothing. */
export function idlePlugins(plugins: readonly PluginReport[]): string[] {
  return plugins.filter(({ effect }) => !effect).map(({ name }) => noEffect(name));
}

/** Warnings for what plugins measured and could not: residuals of zeros, or of a model that broke. */
export function unmeasured(plugins: readonly PluginReport[]): string[] {
  return plugins.flatMap(({ name, regions }) =>
    regions.flatMap(({ numbers }) =>
      Object.entries(numbers).flatMap(([number, bySteps]) => {
        const steps = Object.keys(bySteps).filter((step) => !Number.isFinite(bySteps[step]));
        return steps.length === 0 ? [] : [numbersNotFinite(name, number, steps)];
      }),
    ),
  );
}

function regionReport(receipt: RegionReceipt, meter: WorkMeter): RegionReport {
  const { region, computed, reused, seconds, flops, skipped, offered, numbers } = receipt;
  const recorded: Record<string, Record<string, number>> = {};
  for (const [step, values] of numbers)
    for (const [name, value] of Object.entries(values)) recorded[name] = { ...recorded[name], [step]: value };
  return {
    name: region.name,
    from: region.from,
    to: region.to,
    ...(region.until === undefined ? {} : { until: region.until }),
    computed,
    reused,
    seconds,
    savedSeconds: skipped.reduce((sum, work) => sum + meter.secondsOf(work), 0),
    flops: offered.reduce((sum, work) => sum + meter.flopsOf(work), flops),
    skippedFlops: skippedFlopsOf(receipt, meter),
    numbers: recorded,
  };
}

/** Of what it was offered; nothing where it has no hand in guidance. */
function reportGuidance(receipts: readonly RegionReceipt[]): GuidanceReport | undefined {
  const own = receipts.find(({ region }) => region === guidanceRow);
  if (!own) return undefined;
  const branches = (name: PassName): number => (name === "batch" ? 2 : 1);
  const count = (names: readonly PassName[] = []): number => names.reduce((sum, name) => sum + branches(name), 0);
  const passesOf = (works: readonly Work[]): number =>
    works.reduce((sum, work) => sum + ("passes" in work ? count(work.passes) - count(work.instead) : 0), 0);
  return {
    guided: own.computed,
    unguided: own.reused,
    passes: passesOf(own.offered),
    savedPasses: passesOf(own.skipped),
  };
}

function reportTokens(blocks: readonly TokensReceipt[], { bound }: WorkMeter): TokensReport[] {
  if (!bound) return [];
  return blocks.map(({ block, tokens, kept }) => ({ block, tokens: bound.sizeOf(tokens), kept: bound.sizeOf(kept) }));
}

/** `10240 of 20480 tokens kept`. */
function reduced(blocks: readonly TokensReport[]): string[] {
  const sum = (of: "tokens" | "kept"): number => blocks.reduce((total, block) => total + block[of], 0);
  return blocks.length === 0 ? [] : [`${sum("kept")} of ${sum("tokens")} tokens kept`];
}

/**
 * `guided 10 of 20 steps, 30 of 40 passes, saved 24% of denoiser time (25% of FLOPs skipped, 99% realised)`;
 * `reused 11 of 20 steps, saved 46% of denoiser time (50% of FLOPs skipped, 93% realised)`.
 */
function skipped(
  receipts: readonly RegionReceipt[],
  guidance: GuidanceReport | undefined,
  compute: ComputeReport | undefined,
  steps: number,
): string[] {
  if (!compute) return [];
  const reused = new Set(receipts.flatMap((each) => (each.region === guidanceRow ? [] : each.reused)));
  const percent = (share: number): string => `${Math.round(100 * share)}%`;
  const { savedShare, skippedShare, realised } = compute;
  const parts = [
    ...(guidance && guidance.savedPasses > 0
      ? [
          `guided ${guidance.guided.length} of ${steps} steps`,
          `${guidance.passes - guidance.savedPasses} of ${guidance.passes} passes`,
        ]
      : []),
    ...(reused.size > 0 || !guidance ? [`reused ${reused.size} of ${steps} steps`] : []),
    `saved ${percent(savedShare)} of denoiser time (${percent(skippedShare)} of FLOPs skipped, ${percent(realised)} realised)`,
  ];
  return [parts.join(", ")];
}

function altered(receipts: readonly RegionReceipt[]): string[] {
  const count = new Set(receipts.flatMap((receipt) => receipt.altered)).size;
  return count === 0 ? [] : [`changed ${count} steps`];
}

/** `140 weights as int8, 3400 MB to 860 MB, noise 0.70%; 30 attentions as flash`. */
function built(counts: Omit<BuildReceipt, "plugin">, denoiser: string): string[] {
  const { weights, floatBytes, storedBytes, noise, attentions, forms, kernels, changes } = counts;
  const sizes = `${megabytes(floatBytes)} to ${megabytes(storedBytes)}`;
  const noisy = noise === undefined ? "" : `, noise ${(100 * noise).toFixed(2)}%`;
  return [
    ...(weights === 0 ? [] : [`${weights} weights as ${formsText(forms)}, ${sizes}${noisy}`]),
    ...(attentions === 0 ? [] : [`${attentions} attentions${named(kernels)}`]),
    ...(Object.keys(changes).length === 0 ? [] : [changesText(changes)]),
    ...places(counts, denoiser),
  ];
}

/** `62 convolutions in NHWC, 0 transposes left`. */
function changesText(changes: BuildCounts["changes"]): string {
  return Object.entries(changes)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");
}

/** `nf4`, or with their numbers where there are several: `62 Q5_0 in 8 bits, 9 Q4_K in 4 bits`. */
function formsText(forms: BuildCounts["forms"]): string {
  const names = Object.keys(forms);
  return names.length === 1 ? names[0]! : names.map((name) => `${forms[name]} ${name}`).join(", ");
}

function named(kernels: BuildCounts["kernels"]): string {
  const names = Object.keys(kernels);
  return names.length === 0 ? "" : ` as ${names.join(", ")}`;
}

/** `in transformer, text_encoder`, where it is not the denoiser alone. */
function places({ components }: Pick<BuildReceipt, "components">, denoiser: string): string[] {
  const names = Object.keys(components);
  return names.some((name) => name !== denoiser) ? [`in ${names.join(", ")}`] : [];
}
