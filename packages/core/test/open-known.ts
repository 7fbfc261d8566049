import { ownCatalogue } from "../src/start/catalogue";
import * as checkpoints from "../src/weights/checkpoint/checkpoint";
import type { Place } from "../src/weights/checkpoint/place";
import * as parts from "../src/weights/single-file/file-part";
import type { Shapes } from "../src/weights/single-file/recipe";

/** What core knows of files, without plugins. */
export const { known } = ownCatalogue.reading;

/** `openCheckpoint` with it. */
export function openCheckpoint(
  model: string | Place,
  options: Partial<checkpoints.CheckpointOptions> = {},
): checkpoints.Checkpoint {
  return checkpoints.openCheckpoint(model, { known, ...options });
}

/** `partOf` with it. */
export function partOf(shapes: Shapes, className: string, component: string): parts.FilePart | undefined {
  return parts.partOf(known, shapes, className, component);
}
