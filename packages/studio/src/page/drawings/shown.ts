import { computed, signal } from "@preact/signals";
import type { Drawing } from "./drawing";
import { drawings, finished } from "./drawings";

/** Id of the image that is looked at; the newest when empty. */
const chosen = signal<string | undefined>(undefined);

/** Ids of those that are to be compared: one that waits for another, or two. */
export const compared = signal<readonly string[]>([]);

/** The one on the stage. */
export const shown = computed<Drawing | undefined>(() => byId(chosen.value) ?? finished.value?.[0]);

/** The two on the stage. */
export const pair = computed<readonly [Drawing, Drawing] | undefined>(() => {
  const [one, other] = compared.value.map(byId);
  return one && other && [one, other];
});

export function look(drawing: Drawing): void {
  if (pair.peek()) compared.value = [];
  chosen.value = drawing.id;
}

export function compareDrawings(one: string, other: string): void {
  compared.value = [one, other];
}

/** @param id what is looked at now */
export function leaveComparison(id?: string): void {
  compared.value = [];
  if (id !== undefined) chosen.value = id;
}

/** Marks an image to be compared, or takes the mark away. Of three, the first goes. */
export function toggleCompared(id: string): void {
  const marked = compared.peek();
  compared.value = marked.includes(id) ? marked.filter((one) => one !== id) : [...marked, id].slice(-2);
}

function byId(id: string | undefined): Drawing | undefined {
  return drawings.value?.find((one) => one.id === id);
}
