import type { CheckedConfig } from "@skipstep/core";
import { configsUnlike } from "../errors";
import type { Lpips } from "../quality/lpips";
import { meanQuality, type Quality, qualityOf } from "../quality/quality";
import type { Drawing } from "../render/drawing";
import type { Motif } from "../render/motif";
import { medianSpeedup, type Speedup, speedupOf } from "../render/speedup";

/** A config, and what it drew of each motif. */
export interface Entrant {
  /** The file as it was named. */
  readonly name: string;
  readonly config: CheckedConfig;
  readonly drawings: readonly Drawing[];
}

/** A config measured against the reference. */
export interface Rival extends Entrant {
  /** By motif. */
  readonly qualities: readonly Quality[];
  readonly speedups: readonly Speedup[];
  readonly mean: Quality;
  readonly median: Speedup;
}

export interface Comparison {
  readonly motifs: readonly Motif[];
  readonly reference: Entrant;
  readonly rivals: readonly Rival[];
}

/**
 * @param lpips measures that too, where its weights are there
 * @throws SKIPSTEP_CONFIG_UNLIKE when an image to begin with made the images differ in size
 */
export async function compareEntrants(
  motifs: readonly Motif[],
  [reference, ...others]: readonly Entrant[],
  lpips?: Pick<Lpips, "distance">,
): Promise<Comparison> {
  const rivals: Rival[] = [];
  for (const other of others) rivals.push(await rivalOf(other, reference!, lpips));
  return { motifs, reference: reference!, rivals };
}

async function rivalOf(entrant: Entrant, reference: Entrant, lpips?: Pick<Lpips, "distance">): Promise<Rival> {
  const pairs = entrant.drawings.map((drawing, i) => [drawing, reference.drawings[i]!] as const);
  for (const [{ image }, { image: other }] of pairs)
    if (image.width !== other.width || image.height !== other.height)
      throw configsUnlike(entrant.name, reference.name, sizesText(image, other));
  const qualities: Quality[] = [];
  for (const [{ image }, { image: other }] of pairs)
    qualities.push({
      ...qualityOf(image, other),
      ...(lpips ? { lpips: await lpips.distance(image, other) } : {}),
    });
  const speedups = pairs.map(([drawing, other]) => speedupOf(drawing, other));
  const mean = meanQuality(qualities, entrant.drawings[0]!.image);
  return { ...entrant, qualities, speedups, mean, median: medianSpeedup(speedups) };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** `128 x 128 and 256 x 256 pixels` */
export function sizesText(a: Size, b: Size): string {
  return `${a.width} x ${a.height} and ${b.width} x ${b.height} pixels`;
}
