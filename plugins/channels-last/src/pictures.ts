import type { Graph, Node, Value } from "@skipstep/core/plugin";
import { isPoint, toFirst, toLast } from "./layout";

/** One tensor in two layouts: `[B, C, ...]` and `[B, ..., C]`. Either is made from the other where something reads it. */
interface Picture {
  first?: Value;
  last?: Value;
  /** Made by a float convolution, whose kernel writes either layout. */
  readonly convolved?: boolean;
}

/** A value of the model is one side of a picture. */
interface Place {
  readonly picture: Picture;
  readonly side: "first" | "last";
}

/** The model's values as they are emitted anew, each in the layouts that are read. */
export class Pictures {
  private readonly places = new Map<Value, Place>();
  private readonly made: Node[] = [];
  private readonly makers = new Map<Value, Node>();
  /** By the value that they read: another layout is made where the value is, so that every region finds it there. */
  private readonly conversions = new Map<Value, Node[]>();
  private readonly atBegin: Node[] = [];
  /** Transposes of whole pictures, and those that convolutions do as they read and write. */
  transposes = 0;
  folded = 0;

  constructor(private readonly graph: Graph) {}

  /** True where `[B, ..., C]` is there, or costs nothing. */
  isLast(value: Value): boolean {
    const place = this.places.get(value);
    return place?.side === "first" && (place.picture.last !== undefined || place.picture.convolved === true);
  }

  /** A value as the model has it. */
  asIs(value: Value): Value {
    const place = this.places.get(value);
    return place ? this.sideOf(place.picture, place.side) : value;
  }

  /** `[B, ..., C]` of a value `[B, C, ...]`. */
  lastOf(value: Value): Value {
    return this.sideOf(this.pictureOf(value), "last");
  }

  /** `[B, C, ...]` of a value of that layout, for a convolution in this scope, which reads either. */
  firstForConvolution(value: Value, scope: string): Value {
    const { first, last } = this.pictureOf(value);
    if (first) return first;
    this.folded++;
    return this.emit(scope, (g) => toFirst(g, last!));
  }

  /** What carries on in a value's place: `[B, ..., C]` where that is there. Emits nothing. */
  carrierOf(value: Value): Value {
    const place = this.places.get(value);
    return place ? (place.picture.last ?? place.picture.first!) : value;
  }

  /** A value `[B, C, ...]` of the model was made as `[B, ..., C]`. */
  setLast(value: Value, last: Value): void {
    this.places.set(value, { picture: { last }, side: "first" });
  }

  /** A value `[B, C, ...]` was made as that, by a convolution. */
  setConvolved(value: Value): void {
    this.places.set(value, { picture: { first: value, convolved: true }, side: "first" });
  }

  /** A value is the other layout of `source`. @param direction what the model's transpose does, where `source` does not tell */
  setTransposed(value: Value, source: Value, direction: "to first" | "to last"): void {
    const known = this.places.get(source);
    const side = known?.side ?? (direction === "to last" ? "first" : "last");
    const place: Place = known ?? { side, picture: side === "first" ? { first: source } : { last: source } };
    this.places.set(source, place);
    this.places.set(value, { picture: place.picture, side: side === "first" ? "last" : "first" });
  }

  /** True for a value that the model itself has as `[B, ..., C]`. */
  isAfterTranspose(value: Value): boolean {
    return this.places.get(value)?.side === "last";
  }

  /** A node of the model stays as it is, and reads what stands for its inputs. */
  keep(node: Node): void {
    this.push([this.reading(node)]);
  }

  /** Emits nodes into a scope. */
  emit<Result>(scope: string, body: (g: Graph) => Result): Result {
    const { result, nodes } = this.capture(scope, body);
    this.push(nodes);
    return result;
  }

  /** All nodes in running order. */
  nodes(): Node[] {
    const withConversions = (node: Node): Node[] => [
      node,
      ...node.outputs.flatMap((output) => this.conversions.get(output) ?? []).flatMap(withConversions),
    ];
    return [...this.atBegin.flatMap(withConversions), ...this.made.flatMap(withConversions)];
  }

  private pictureOf(value: Value): Picture {
    const place = this.places.get(value) ?? { picture: { first: value }, side: "first" };
    this.places.set(value, place);
    return place.picture;
  }

  private sideOf(picture: Picture, side: "first" | "last"): Value {
    const known = picture[side];
    if (known) return known;
    const source = (side === "first" ? picture.last : picture.first)!;
    const { kind } = source.origin;
    const maker = this.makers.get(source);
    const { result, nodes } = this.capture(maker?.scope ?? "", (g) =>
      side === "first" ? toFirst(g, source) : toLast(g, source),
    );
    if (picture.convolved) this.folded++;
    else if (!isPoint(source.shape, side === "first" ? "last" : "first")) this.transposes++;
    for (const node of nodes) for (const output of node.outputs) this.makers.set(output, node);
    if (kind === "node") this.conversions.set(source, [...(this.conversions.get(source) ?? []), ...nodes]);
    else this.atBegin.push(...nodes);
    picture[side] = result;
    return result;
  }

  private reading(node: Node): Node {
    const { body } = node;
    const inputs = node.inputs.map((input) => input && this.asIs(input));
    if (!body) return { ...node, inputs };
    const inner = {
      ...body,
      nodes: body.nodes.map((each) => this.reading(each)),
      outputs: body.outputs.map((output) => this.asIs(output)),
    };
    return { ...node, inputs, body: inner };
  }

  private capture<Result>(scope: string, body: (g: Graph) => Result): { result: Result; nodes: Node[] } {
    const begin = this.graph.nodes.length;
    const result = body(scope === "" ? this.graph : this.graph.scope(scope));
    return { result, nodes: this.graph.nodes.slice(begin) };
  }

  private push(nodes: readonly Node[]): void {
    for (const node of nodes) for (const output of node.outputs) this.makers.set(output, node);
    this.made.push(...nodes);
  }
}
