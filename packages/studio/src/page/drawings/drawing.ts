import { type Signal, signal } from "@preact/signals";
import type { DrawnRequest } from "../form/request-body";
import { isOver, type JobProgress, type JobStatus, type Report } from "../server/job";

/** An image that was asked for, until it is deleted here. */
export interface Drawing {
  /** The job's. */
  readonly id: string;
  readonly request: DrawnRequest;
  /** Milliseconds. */
  readonly createdAt: number;
  /** Pixels that it will have. */
  readonly width: number;
  readonly height: number;
  readonly now: Signal<DrawingState>;
  /** Address of what there is to see: previews, then the image. */
  readonly picture: Signal<string | undefined>;
}

/** What changes while it is drawn. */
export interface DrawingState {
  readonly status: JobStatus;
  /** Jobs before it. */
  readonly place: number | null;
  readonly progress: JobProgress | null;
  readonly isLineLost: boolean;
  readonly image?: Blob | undefined;
  readonly report?: Report | undefined;
  readonly problem?: string | undefined;
}

/** As the browser keeps it. */
export type KeptDrawing = Omit<Drawing, "now" | "picture"> &
  Pick<DrawingState, "status" | "image" | "report" | "problem">;

export function drawingOf(kept: KeptDrawing): Drawing {
  const { status, image, report, problem, ...drawing } = kept;
  return {
    ...drawing,
    now: signal({ status, place: null, progress: null, isLineLost: false, image, report, problem }),
    picture: signal(image && URL.createObjectURL(image)),
  };
}

export function keptOf({ now, picture: _, ...drawing }: Drawing): KeptDrawing {
  const { status, image, report, problem } = now.peek();
  return { ...drawing, status, image, report, problem };
}

export function change(drawing: Drawing, state: Partial<DrawingState>): void {
  drawing.now.value = { ...drawing.now.peek(), ...state };
}

/** Shows another picture in place of the last. */
export function show(drawing: Drawing, picture: Blob): void {
  const before = drawing.picture.peek();
  drawing.picture.value = URL.createObjectURL(picture);
  if (before !== undefined) setTimeout(() => URL.revokeObjectURL(before), 1000); // it may be on the screen still
}

export function isUnfinished({ now }: Drawing): boolean {
  return !isOver(now.value.status);
}

export function promptOf({ request: { settings, variant } }: Drawing): string {
  const told = settings.prompt ?? variant.settings.class_labels ?? "";
  return String(told) || "an image without a prompt";
}
