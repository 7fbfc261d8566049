import type { Node, Value } from "../graph/value";
import { blockedBias, blockedFilter } from "./blocked-filter";
import { type InitializerValue, initializersOf } from "./weights-layout";

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
 * @param block channels in a block on this machine: 8 or 16
 * @returns what stands in for each node: the same values with the same names come out
 */
export function blockConvolutions(nodes: readonly Node[], block: number): (node: Node) => readonly Node[] {
  const convolutions = nodes.filter((node) => isBlockable(node, block));
  const filters = initializersOf(convolutions.map((node) => ({ ...node, inputs: [node.inputs[1]] })));
  const bytes = filters.reduce((sum, { origin }) => sum + origin.payload.byteLength, 0);
  const blocked =
    bytes < worthwhile ? new Map() : new Map(convolutions.map((node) => [node, blockedNodes(node, block)]));
  return (node) => blocked.get(node) ?? [node];
}

function isBlockable({ op, domain, inputs, attributes }: Node, block: number): boolean {
  if (op !== "Conv" || domain !== "" || "group" in attributes || "dilations" in attributes) return false;
  const [, filter, bias] = inputs;
  if (!isConstant(filter) || (bias && !isConstant(bias)) || filter.dtype !== "float32") return false;
  const [outChannels, inChannels] = filter.shape as [number, number];
  return outChannels % channelStep === 0 && (inChannels < block || inChannels % channelStep === 0);
}

/** Reorder the input, convolve, reorder the output. Few input channels are read as they lie. */
function blockedNodes({ inputs, outputs, attributes, scope }: Node, block: number): Node[] {
  const [input, filter, bias] = inputs as [Value, InitializerValue, InitializerValue | undefined];
  const output = outputs[0]!;
  const filterInBlocks = blockedFilter(filter, block);
  const isReordered = filter.shape[1]! >= block;
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
    outputs: [output],
    attributes: { channels: { int: filter.shape[0]! } },
    scope,
  };
  const reorderInput: Node = {
    op: "ReorderInput",
    domain,
    inputs: [input],
    outputs: [reordered],
    attributes: {},
    scope,
  };
  return isReordered ? [reorderInput, convolution, reorderOutput] : [convolution, reorderOutput];
}

function isConstant(value: Value | undefined): value is InitializerValue {
  return value?.origin.kind === "initializer";
}
