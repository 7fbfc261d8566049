import type { BlockCall } from "@skipstep/core/plugin";
import { RunMemories } from "./run-memories";

/** What a plugin remembers of each region in each run: `RunMemories` for plugins whose regions are all alike. */
export class RegionMemories<Memory> {
  private readonly runs = new RunMemories(() => new Map<string, Memory>());

  /** @param create a memory of nothing yet */
  constructor(private readonly create: () => Memory) {}

  /** The memory of a call's region in its run: the same one each time. */
  of({ step, region }: Pick<BlockCall, "step" | "region">): Memory {
    const regions = this.runs.of(step.run);
    const memory = regions.get(region.name) ?? this.create();
    regions.set(region.name, memory);
    return memory;
  }
}
