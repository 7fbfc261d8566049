import type { Node, Value } from "../graph/value";
import { coreVersion } from "../version";
import { blockConvolutions } from "./blocked-convolutions";
import type { CompileRequest } from "./compile";
import { formatVersion, type SegmentEntry, sha256 } from "./engine-manifest";
import { HalfWeights } from "./half-weights";
import { lowerPrecision } from "./lower-precision";
import { onnxModel } from "./onnx";
import { runtimeVersion } from "./runtime-version";
import { type InitializerValue, initializersOf, layOutValues, placeKey, type WeightsLayout } from "./weights-layout";

/** All of an engine but its weights. */
export interface EngineDraft {
  /** Hashes of all that the folder, or its weights, are made of. */
  readonly key: string;
  readonly weightsKey: string;
  readonly layout: WeightsLayout;
  readonly segments: readonly SegmentEntry[];
  /** The ONNX files of `segments`. */
  readonly models: readonly Uint8Array[];
}

/** Works out an engine and its key without reading large weights. */
export function draftEngine({
  graph,
  plan,
  identity,
  convolutionBlock,
  formsOf = () => undefined,
  precision,
  smallPayloads,
}: CompileRequest): EngineDraft {
  const crossing = new Set(plan.segments.flatMap(({ outputs }) => outputs));
  const blocked = blockConvolutions(graph.nodes, convolutionBlock, crossing, precision ? 0 : undefined);
  const lowered = new Map<Node, readonly Node[]>();
  for (const [i, { nodes }] of plan.segments.entries())
    for (const node of nodes) lowered.set(node, (formsOf(i)?.lower ?? blocked)(node));
  const halves = precision && new HalfWeights(precision.dtype);
  const emitted = plan.segments.map(({ nodes, outputs }, i) => {
    const own = nodes.flatMap((node) => lowered.get(node)!);
    return halves ? lowerPrecision(own, outputs, precision, precision.operatorsOf(i), halves) : own;
  });
  const whole = graph.nodes.flatMap((node) => lowered.get(node) ?? []);
  const layout = layOutValues(inOrder(whole, emitted.flat(), halves), smallPayloads);
  const stored = layout.stored.map(({ value, offset, byteLength }) => [placeKey(value), offset, byteLength]);
  const weightsKey = sha256(JSON.stringify([formatVersion, coreVersion, identity, stored]));
  const models = plan.segments.map((segment, i) =>
    onnxModel(graph.component, { ...segment, nodes: emitted[i]! }, layout),
  );
  const segments = plan.segments.map(({ index, inputs, sizes, outputs }, i): SegmentEntry => {
    const [names, sizeNames, outputNames] = [inputs, sizes, outputs].map((list) => list.map(({ name }) => name));
    return {
      file: `segment-${index}.onnx`,
      sha256: sha256(models[i]!),
      byteLength: models[i]!.byteLength,
      inputs: names!,
      sizes: sizeNames!,
      outputs: outputNames!,
    };
  });
  const hashes = segments.map((segment) => segment.sha256);
  const forms = plan.segments.map((_, i) => formsOf(i)?.key ?? "");
  const made = [formatVersion, coreVersion, runtimeVersion, weightsKey, hashes];
  const key = sha256(JSON.stringify(forms.some((form) => form !== "") ? [...made, forms] : made));
  return { key, weightsKey, layout, segments, models };
}

/** What is emitted, in the order in which the whole graph reads it: plans with other cuts share one file of weights. */
function inOrder(
  nodes: readonly Node[],
  emitted: readonly Node[],
  halves: HalfWeights | undefined,
): readonly InitializerValue[] {
  const values = initializersOf(nodes);
  if (!halves) return values;
  const used = new Set<Value>(initializersOf(emitted));
  const known = values.flatMap((value) => [value, halves.find(value)].filter((form) => form && used.delete(form)));
  return [...(known as InitializerValue[]), ...([...used] as InitializerValue[])];
}
