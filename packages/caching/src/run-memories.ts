import type { Run } from "@skipstep/core/plugin";

/**
 * What a plugin remembers of each generation, and of each guidance branch where these run one after the other. A memory
 * is made when a run is first seen, at whichever step that is, and goes with the run: there is nothing to reset.
 */
export class RunMemories<Memory> {
  private readonly memories = new WeakMap<Run, Memory>();

  /** @param create a memory of nothing yet */
  constructor(private readonly create: (run: Run) => Memory) {}

  /** The memory of a run: the same one each time. */
  of(run: Run): Memory {
    const known = this.memories.get(run);
    if (known !== undefined) return known;
    const memory = this.create(run);
    this.memories.set(run, memory);
    return memory;
  }
}
