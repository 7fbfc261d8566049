import type { Tensors } from "@skipstep/core/plugin";

/**
 * What left a region when it was last computed, to be returned as it is at steps that skip it. For plugins: one a
 * region, and a run.
 */
export class RegionOutputs {
  private outputs: Tensors = {};
  /** Of what the region was given. */
  private shapes: string | undefined;

  /** Whether something is remembered of the last computed step, which was given tensors of these sizes. */
  fits(inputs: Tensors): boolean {
    return this.shapes === shapesOf(inputs);
  }

  /** Takes what a computed region made of its inputs. */
  learn(inputs: Tensors, outputs: Tensors): void {
    this.release();
    for (const tensor of Object.values(outputs)) tensor.keep();
    this.outputs = outputs;
    this.shapes = shapesOf(inputs);
  }

  /** The region's outputs at a step that skips it. */
  reuse(): Tensors {
    return this.outputs;
  }

  /** Lets go of everything: before the region is computed, too, so that the model has the room. */
  release(): void {
    for (const tensor of Object.values(this.outputs)) tensor.release();
    this.outputs = {};
    this.shapes = undefined;
  }
}

function shapesOf(tensors: Tensors): string {
  return Object.values(tensors)
    .map(({ shape }) => shape.join())
    .join(";");
}
