import { type Graph, intsOf, type Node } from "@skipstep/core/plugin";
import { concat, split } from "./channels";
import { convolution } from "./convolution";
import { elementwise } from "./elementwise";
import { groupNorm } from "./group-norm";
import { isInt8Convolution } from "./int8-convolution";
import { int8Rules } from "./int8-rules";
import { directionOf } from "./layout";
import { Pictures } from "./pictures";
import { averagePool, resize } from "./resample";
import { reshape } from "./reshape";
import { Roundings } from "./roundings";
import { Model, type Rule } from "./rule";
import { transpose } from "./transpose";

/** What became of a network's layout. */
export interface Relayout {
  /** Transposes of pictures that are left. */
  readonly transposes: number;
  /** Transposes that float convolutions do as they reorder what they read and write. */
  readonly folded: number;
}

/**
 * Emits a network anew with pictures as `[B, H, W, C]`, node by node in running order: from the first convolution on each
 * op takes the layout that is there, if it can, and a transpose is made only where something reads the other one.
 * @returns `undefined` for a model without pictures, which stays as it is
 */
export function putChannelsLast(graph: Graph): Relayout | undefined {
  const nodes = [...graph.nodes];
  if (!nodes.some(isOfPictures)) return undefined;
  const model = new Model(graph);
  const pictures = new Pictures(graph);
  const roundings = new Roundings();
  const rules: readonly Rule[] = [
    ...[transpose, groupNorm(roundings), ...int8Rules(roundings)],
    ...[reshape, convolution, elementwise, concat, split, resize, averagePool],
  ];
  for (const node of nodes) if (!rules.some((rule) => rule(node, pictures, model))) pictures.keep(node);
  const outputs = new Map(graph.outputs.map(({ value }) => [value, pictures.asIs(value)]));
  graph.replaceNodes(pictures.nodes(), {
    output: (value) => outputs.get(value)!,
    stream: (value) => pictures.carrierOf(value),
  });
  return { transposes: pictures.transposes, folded: pictures.folded };
}

/** A convolution, or what stands around one that another plugin emitted. */
function isOfPictures(node: Node): boolean {
  if (node.op === "Conv" || isInt8Convolution(node)) return true;
  const order = node.op === "Transpose" ? (intsOf(node, "perm") ?? []) : [];
  return order.length === 4 && directionOf(order) !== undefined;
}
