import type { Structure } from "../architecture/structure";
import { activationBytes, weightBytes } from "../compiler/memory-estimate";
import type { Segment } from "../compiler/plan";
import type { OperatorCounts } from "../compiler/providers/fallback-counts";
import { printable } from "../errors/printable";
import { type Hooks, hookKinds, type Region } from "../hooks";
import type { Family } from "../loop/family";
import type { RecognisedModel } from "../loop/recognised-model";
import { fillSettings } from "../loop/request";
import type { Settings } from "../loop/settings";
import type { Dtype } from "../memory/dtype";
import type { MemoryMode } from "../memory/memory-mode";
import type { AttentionReceipt, BuildReceipt } from "../plugins/build-hooks";
import type { PluginCode } from "../plugins/discover";
import type { PluginHost } from "../plugins/host";
import { passingSegment } from "../program/passing-segment";
import { settingNotes } from "../settings/setting";
import { sizeOf } from "../tensor";
import type { ComponentSource } from "../weights/checkpoint/component";
import type { Note } from "../weights/checkpoint/note";
import type { RequestLora } from "../weights/lora/lora";
import { loraBytes } from "../weights/lora/lora-bytes";
import { applyLoras, type LoraMatch, matchLoras, placeOf } from "./apply-loras";
import { applyTextualInversions } from "./apply-textual-inversions";
import { type BuiltModel, buildModels, regionClaims } from "./build-model";
import type { CheckedConfig } from "./create-pipeline";
import { dtypeNotes } from "./dtype-notes";
import { expectedFallback, fallbackNotes } from "./fallback-notes";
import { notesOf } from "./notes";
import { chooseScheduler } from "./scheduler-choice";

/** What a config comes to, seen without loading any weight. */
export interface Inspection {
  /** Class of the pipeline, and the folder. */
  readonly className: string;
  readonly model: string;
  readonly scheduler: { readonly className: string; readonly options: Readonly<Record<string, unknown>> };
  readonly structure: Structure;
  readonly components: readonly ComponentInspection[];
  /** What was concluded from the files, and what in them was not understood. */
  readonly notes: readonly Note[];
  readonly loras: readonly LoraMatch[];
  readonly plugins: readonly PluginInspection[];
  /** The modules that plugins were loaded from, or would be. */
  readonly code: readonly PluginCode[];
  readonly memory: MemoryMode;
  /** Weights that are in memory at once, and the largest activations of one component. Bytes. */
  readonly estimatedMemory: number;
}

/** What one component of a checked config comes to, before any weight is read. */
export interface ComponentInspection {
  readonly name: string;
  readonly className: string;
  /** Where it was found, how its tensors are named there (`diffusers`, `latent-diffusion`), and what they lie in. */
  readonly source: ComponentSource & { readonly layout: string; readonly format: string };
  /** Elements of its checkpoint's tensors, and the types that they are stored in: `bfloat16`, `gguf:Q4_K`. */
  readonly parameters: number;
  readonly dtypes: readonly string[];
  /** What its engine stores weights in, and computes in where its device does: the config's `dtype`. */
  readonly dtype: Dtype;
  /** Bytes: on disk, loaded, and the most between two operators at the config's settings. */
  readonly storedBytes: number;
  readonly weightBytes: number;
  /** Of these, what is let go of before the first step. */
  readonly passingBytes: number;
  readonly activationBytes: number;
  readonly segments: readonly SegmentInspection[];
  /** Nodes that run on the CPU, by operator, of a component that was put elsewhere; before its device was tried. */
  readonly cpuNodes?: OperatorCounts;
  /** In the order of emission, with the kernel that each became. */
  readonly attentions: readonly Omit<AttentionReceipt, "component">[];
}

export interface SegmentInspection {
  /** First and last scope; empty for what lies in no module. */
  readonly from: string;
  readonly to: string;
  readonly nodes: number;
  /** Depends on the prompt alone: runs once a generation. */
  readonly once: boolean;
  /** Depends on timesteps, and what is the same at all of them: runs before the first step, and its weights are let go. */
  readonly ahead: boolean;
  /** Execution provider, and bytes of weights. */
  readonly device: string;
  readonly weightBytes: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** What one plugin of a checked config hooks, and what it takes over. */
export interface PluginInspection {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly hooks: readonly (keyof Hooks)[];
  readonly regions: readonly Pick<Region, "name" | "from" | "to" | "until" | "lean">[];
  /** Weights and attentions that it takes over, in all and by component. */
  readonly weights: number;
  readonly attentions: number;
  readonly components: BuildReceipt["components"];
}

/** Builds every graph of a checked config and describes them. Reads no weights but their headers. */
export function inspectConfig({ config, plugins, model: plain, code }: CheckedConfig): Inspection {
  const { model: merged, loras } = applyLoras(plain, config.lora);
  const { model, notes: learned } = applyTextualInversions(merged, config.textual_inversions);
  const { family, structure, configs } = model;
  const { memory } = config;
  const { models, hooks, notes } = buildModels(model, plugins, config);
  try {
    const settings = fillSettings(model, config.generate);
    const sizes = family.sizes(configs, settings);
    const placed = models.map((built) => ({ name: built.name, fallback: expectedFallback(built, config.device) }));
    const components = models.map((built, i) => ({
      ...describe(built, config.device),
      ...(placed[i]!.fallback ? { cpuNodes: placed[i]!.fallback.counts } : {}),
      activationBytes: activationBytes(built.graph, sizes[built.name]!),
      attentions: attentionsOf(hooks.attentions, built.name),
    }));
    return {
      className: family.className,
      model: model.checkpoint.folder,
      scheduler: chooseScheduler(model, config.scheduler),
      structure,
      components,
      notes: [
        ...notesOf(model, config.scheduler),
        ...notes,
        ...learned,
        ...dtypeNotes(models, config.device),
        ...fallbackNotes(placed),
        ...promptNotes(family, settings),
      ],
      loras,
      plugins: describePlugins(plugins, structure, hooks.receipts),
      code,
      memory,
      estimatedMemory: estimate(memory, components) + besideBytes(model, config, components),
    };
  } finally {
    for (const { weights } of models) weights.close();
  }
}

/** Of the config's own prompts. */
function promptNotes({ settings: table }: Family, settings: Settings): Note[] {
  return settingNotes(table, settings).map((text) => ({ kind: "conclusion", text: printable(text) }));
}

/** What LoRAs beside the weights take: those of the config, and the components that run with them, which are open twice. */
function besideBytes(
  model: RecognisedModel,
  { memory, request_loras = {}, generate }: CheckedConfig["config"],
  components: readonly ComponentInspection[],
): number {
  const always = (generate.loras ?? []) as readonly RequestLora[];
  const allowed = Object.values(request_loras).map((path): RequestLora => ({ path, scale: 1 }));
  const loras = [...always.filter(({ scale }) => scale !== 0), ...allowed];
  if (loras.length === 0) return 0;
  const { updates } = matchLoras(model, placeOf(model), loras);
  const twice = memory === "resident" ? components.filter(({ name }) => updates.has(name)) : [];
  const least = Math.max(0, ...allowed.map((lora) => loraBytes([lora])));
  return twice.reduce((sum, { weightBytes: bytes }) => sum + bytes, 0) + 2 * Math.max(least, loraBytes(always));
}

/** At most what one component takes at a time, besides the weights that stay. */
function estimate(memory: MemoryMode, components: readonly ComponentInspection[]): number {
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, number) => all + number, 0);
  const activations = components.map((component) => component.activationBytes);
  if (memory === "resident") {
    const weights = sum(components.map((component) => component.weightBytes));
    const passing = sum(components.map((component) => component.passingBytes));
    return Math.max(weights, weights - passing + Math.max(...activations));
  }
  const taken = components.map(({ weightBytes, passingBytes, activationBytes, segments }) => {
    if (memory === "component") return Math.max(weightBytes, weightBytes - passingBytes + activationBytes);
    return Math.max(...segments.map((segment) => segment.weightBytes)) + activationBytes;
  });
  return Math.max(...taken);
}

function attentionsOf(receipts: readonly AttentionReceipt[], name: string): ComponentInspection["attentions"] {
  return receipts.filter(({ component }) => component === name).map(({ component, ...attention }) => attention);
}

function describe(
  { name, source, weights, graph, plan, dtype, devices }: BuiltModel,
  device: string,
): Omit<ComponentInspection, "activationBytes" | "attentions" | "cpuNodes"> {
  const passing = passingSegment(plan);
  const tensors = weights.names.map((tensor) => ({
    ...weights.entry(tensor),
    packed: weights.packed?.(tensor) ?? weights.stored?.(tensor),
  }));
  return {
    name,
    className: source.component.className,
    source: { ...source.component.source, layout: weights.layout, format: weights.format ?? "safetensors" },
    parameters: tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    dtypes: [...new Set(tensors.map(({ dtype, packed }) => packed?.format ?? dtype))],
    storedBytes: tensors.reduce((sum, { byteLength, packed }) => sum + (packed?.byteLength ?? byteLength), 0),
    dtype,
    weightBytes: weightBytes(graph, dtype),
    passingBytes: passing ? weightBytes(passing, dtype) : 0,
    segments: plan.segments.map((segment, i) => ({
      ...describeSegment(segment, devices[i] ?? device, dtype),
      once: segment === plan.prompt,
      ahead: segment === plan.time?.segment,
    })),
  };
}

function describeSegment(
  { nodes, inputs, outputs }: Segment,
  device: string,
  dtype: Dtype,
): Omit<SegmentInspection, "once" | "ahead"> {
  const scopes = nodes.map(({ scope }) => scope).filter((scope) => scope !== "");
  return {
    from: scopes[0] ?? "",
    to: scopes.at(-1) ?? "",
    nodes: nodes.length,
    device,
    weightBytes: weightBytes({ nodes }, dtype),
    inputs: inputs.map(({ name }) => name),
    outputs: outputs.map(({ name }) => name),
  };
}

function describePlugins(
  host: PluginHost,
  structure: Structure,
  receipts: readonly BuildReceipt[],
): PluginInspection[] {
  const claims = regionClaims(host, structure);
  return host.plugins.map(({ name, version, manifest, options, instance }, order) => ({
    name,
    version,
    description: manifest.description,
    options,
    hooks: (Object.keys(hookKinds) as (keyof Hooks)[]).filter((hook) => typeof instance[hook] === "function"),
    regions: claims.filter((claim) => claim.order === order).map(({ region: { index: _, ...region } }) => region),
    weights: receipts[order]!.weights,
    attentions: receipts[order]!.attentions,
    components: receipts[order]!.components,
  }));
}
