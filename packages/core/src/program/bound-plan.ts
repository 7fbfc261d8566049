import { countFlops } from "../compiler/flops";
import type { Plan, Segment } from "../compiler/plan";
import { inputShape, inputUnknown, sizeConflict } from "../errors/program";
import { asMultiple, type Dim, evaluate, type Sizes, shapeText } from "../graph/dim";
import type { Value } from "../graph/value";
import type { Tensors } from "../hooks";
import type { RunForms } from "../runtime/runtime";

/** A plan at the run-time sizes of some inputs: every shape in it is worked out once. */
export class BoundPlan {
  /** By segment. */
  readonly forms: readonly RunForms[];
  private readonly shapes = new Map<Value, readonly number[]>();
  private counted: readonly number[] | undefined;

  constructor(
    private readonly plan: Pick<Plan, "segments" | "checks">,
    private readonly sizes: Sizes,
  ) {
    for (const { dims, check } of plan.checks) check(dims.map((dim) => evaluate(dim, sizes)));
    this.forms = plan.segments.map((segment) => this.formsOf(segment));
  }

  /** Floating-point operations by segment. */
  get flops(): readonly number[] {
    this.counted ??= this.plan.segments.map(({ nodes }) => countFlops(nodes, this.sizes).total);
    return this.counted;
  }

  /** Of a vector of run-time sizes: those sizes. */
  shapeOf(value: Value): readonly number[] {
    const known = this.shapes.get(value);
    if (known) return known;
    const dims = value.origin.kind === "sizes" ? value.origin.dims : value.shape;
    const shape = dims.map((dim) => evaluate(dim, this.sizes));
    this.shapes.set(value, shape);
    return shape;
  }

  /** What a dimension comes to. */
  sizeOf(dim: Dim): number {
    return evaluate(dim, this.sizes);
  }

  /** One of its segments alone, at another size of one kind. */
  resized(segment: Segment, name: string, size: number): BoundPlan {
    return new BoundPlan({ segments: [segment], checks: [] }, { ...this.sizes, [name]: size });
  }

  private formsOf({ sizes, outputs }: Segment): RunForms {
    const shapes = (values: readonly Value[]): RunForms["shapes"] =>
      new Map(values.map((value) => [value.name, this.shapeOf(value)]));
    return { sizes: shapes(sizes), shapes: shapes(outputs) };
  }
}

/**
 * Reads the run-time sizes off the inputs' shapes, and checks every shape against them.
 * @throws SKIPSTEP_INPUT_UNKNOWN, SKIPSTEP_INPUT_SHAPE, SKIPSTEP_SIZE_CONFLICT
 */
export function bindSizes(graphInputs: readonly Value[], inputs: Tensors): Sizes {
  const sizes: Record<string, number> = {};
  for (const { name, shape } of graphInputs) {
    const given = inputs[name];
    if (!given)
      throw inputUnknown(
        name,
        graphInputs.map((input) => input.name),
      );
    if (given.shape.length !== shape.length) throw inputShape(name, shapeText(shape), given.shape);
    for (const [axis, dim] of shape.entries()) {
      const multiple = asMultiple(dim);
      if (multiple) sizes[multiple.name] ??= given.shape[axis]! / multiple.factor;
    }
  }
  for (const [name, value] of Object.entries(sizes)) if (!Number.isInteger(value)) throw sizeConflict(name, value);
  for (const { name, shape } of graphInputs)
    if (shape.some((dim, axis) => evaluate(dim, sizes) !== inputs[name]!.shape[axis]))
      throw inputShape(name, shapeText(shape), inputs[name]!.shape);
  return sizes;
}
