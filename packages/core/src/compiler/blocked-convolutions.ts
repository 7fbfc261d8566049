import { type Node, readersOf, type Value } from "../graph/value";
import { blockedBias, blockedFilter, hasInputBlocks } from "./blocked-filter";
import { type InitializerValue, initializersOf, isInitializer } from "./weights-layout";

/** ONNX Runtime's domain for convolutions over channels in blocks, https://github.com/microsoft/onnxruntime (NCHWc). */
const domain = "com.microsoft.nchwc";

/** The kernels that reorder activations take channels by fours. */
const channelStep = 4;

/** Bytes of convolution filters from which a graph's are laid out when it is compiled, not whenever it is opened. */
const worthwhile = 32 * 2 ** 20;

/**
 * Convolutions as ONNX Runtime's CPU kernels run them, with filters in the kernels' own layout. Left as they are, its
 * optimizer lays their filters out at each opening, in memory that only this process has. Small models are: there it
 * costs little, and the optimizer also joins a convolution with the ReLU behind it.
 *
 * A transpose from or to `[B, H, W, C]` beside a convolution becomes part of its reordering.
 *
 * @param block channels in a block on this machine: 8 or 16; `undefined` where there are no such kernels
 * @param crossing values that are read in other models: they stay
 * @param leastBytes of filters from which it is done; 0 where they are no constants, which the optimizer leaves alone
 * @returns what stands in for each node: the same values with the same names come out
 */
export function blockConvolutions(
  nodes: readonly Node[],
  block: number | undefined,
  crossing: ReadonlySet<Value> = new Set(),
  leastBytes: number = worthwhile,
): (node: Node) => readonly Node[] {
  if (block === undefined) return asIs;
  const convolutions = nodes.filter((node) => isBlockable(node, block));
  const filters = initializersOf(convolutions.map((node) => ({ ...node, inputs: [node.inputs[1]] })));
  const bytes = filters.reduce((sum, { origin }) => sum + origin.payload.byteLength, 0);
  if (bytes < leastBytes) return asIs;
  const neighbours = neighboursOf(nodes, block, crossing);
  const blocked = new Map<Node, readonly Node[]>();
  for (const node of convolutions) {
    const { before, after } = neighbours(node);
    blocked.set(node, blockedNodes(node, block, { before, after }));
    for (const transpose of [before, after]) if (transpose) blocked.set(transpose, []);
  }
  return (node) => blocked.get(node) ?? [node];
}

function asIs(node: Node): readonly Node[] {
  return [node];
}

/** Transposes that do nothing but turn what one convolution reads or writes. */
interface Neighbours {
  /** From `[B, H, W, C]`. */
  readonly before: Node | undefined;
  /** To `[B, H, W, C]`. */
  readonly after: Node | undefined;
}

function neighboursOf(
  nodes: readonly Node[],
  block: number,
  crossing: ReadonlySet<Value>,
): (convolution: Node) => Neighbours {
  const makers = new Map<Value, Node>();
  for (const node of nodes) for (const output of node.outputs) makers.set(output, node);
  const readers = readersOf(nodes);
  const isReadOnce = (value: Value): boolean => !crossing.has(value) && readers.get(value)?.length === 1;
  const transposeOf = (value: Value, node: Node | undefined, order: string): Node | undefined =>
    isReadOnce(value) && node?.op === "Transpose" && orderOf(node) === order ? node : undefined;
  return ({ inputs, outputs }) => ({
    before: hasInputBlocks(inputs[1]!, block) ? transposeOf(inputs[0]!, makers.get(inputs[0]!), "0,3,1,2") : undefined,
    after: transposeOf(outputs[0]!, readers.get(outputs[0]!)?.[0], "0,2,3,1"),
  });
}

function orderOf({ attributes: { perm } }: Node): string | undefined {
  return perm && "ints" in perm ? perm.ints.join() : undefined;
}

function isBlockable({ op, domain, inputs, attributes }: Node, block: number): boolean {
  if (op !== "Conv" || domain !== "" || "group" in attributes || "dilations" in attributes) return false;
  const [, filter, bias] = inputs;
  if (!isInitializer(filter) || (bias && !isInitializer(bias)) || filter.dtype !== "float32") return false;
  const [outChannels, inChannels] = filter.shape as [number, number];
  return outChannels % channelStep === 0 && (!hasInputBlocks(filter, block) || inChannels % channelStep === 0);
}

/** Reorder the input, convolve, reorder the output. Few input channels are read as they lie. */
function blockedNodes(
  { inputs, outputs, attributes, scope }: Node,
  block: number,
  { before, after }: Neighbours,
): Node[] {
  const channelsLast = { channels_last: { int: 1 } };
  const [input, filter, bias] = inputs as [Value, InitializerValue, InitializerValue | undefined];
  const output = outputs[0]!;
  const filterInBlocks = blockedFilter(filter, block);
  const isReordered = hasInputBlocks(filter, block);
  const [batch, , height, width] = output.shape;
  const reordered: Value = { ...input, name: `${output.name}/input-in-blocks`, origin: { kind: "node" } };
  const convolved: Value = {
    ...output,
    name: `${output.name}/in-blocks`,
    shape: [batch!, filterInBlocks.shape[0]!, height!, width!],
  };
  const convolution: Node = {
    op: "Conv",
    domain,
    inputs: [isReordered ? reordered : input, filterInBlocks, bias && blockedBias(bias, block)],
    outputs: [convolved],
    attributes: { ...attributes, dilations: { ints: [1, 1] }, group: { int: 1 } },
    scope,
  };
  const reorderOutput: Node = {
    op: "ReorderOutput",
    domain,
    inputs: [convolved],
    outputs: after?.outputs ?? [output],
    attributes: { channels: { int: filter.shape[0]! }, ...(after ? channelsLast : {}) },
    scope,
  };
  const reorderInput: Node = {
    op: "ReorderInput",
    domain,
    inputs: before?.inputs ?? [input],
    outputs: [reordered],
    attributes: before ? channelsLast : {},
    scope,
  };
  return isReordered ? [reorderInput, convolution, reorderOutput] : [convolution, reorderOutput];
}
