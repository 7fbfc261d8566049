import { computed, signal } from "@preact/signals";
import { createStore, del, delMany, set, values } from "idb-keyval";
import type { ModelForm } from "../../forms";
import type { DrawnRequest } from "../form/request-body";
import { say, tellProblem } from "../notices";
import { ask } from "../server/ask";
import { followJob } from "../server/follow-job";
import { isOver, type Job, type JobProgress } from "../server/job";
import { change, type Drawing, drawingOf, isUnfinished, type KeptDrawing, keptOf, promptOf, show } from "./drawing";

/** All of this browser, the newest first; nothing until they are read. */
export const drawings = signal<readonly Drawing[] | undefined>(undefined);

export const finished = computed(() => drawings.value?.filter(({ now }) => now.value.status === "completed"));

/** On their way, or with something to say of why they are not. The one that is drawn first comes first. */
export const pending = computed(() => drawings.value?.filter(({ now }) => now.value.status !== "completed").reverse());

/** Lines that are open at once: browsers have six to a server, and images are drawn one after the other. */
const mostFollowed = 2;

/** Milliseconds between two looks at the places of those that wait. */
const lookAgain = 2000;

const store = createStore("skipstep-studio", "drawings");
const followed = new Set<string>();

/** Reads what this browser keeps, and goes on with what was not finished. */
export async function keepDrawings(): Promise<void> {
  try {
    const kept = await values<KeptDrawing>(store);
    drawings.value = kept.sort((a, b) => b.createdAt - a.createdAt).map(drawingOf);
  } catch (error) {
    drawings.value = []; // private windows of some browsers keep nothing
    tellProblem(error);
  }
  followNext();
  setInterval(() => void lookAtPlaces(), lookAgain);
}

/** @returns its id */
export function addDrawing(job: Job, request: DrawnRequest, form: ModelForm): string {
  const { id, status } = job;
  const side = (name: "width" | "height"): number => Number(request.settings[name] ?? form.defaults[name] ?? 512);
  const sizes = { width: side("width"), height: side("height") };
  const drawing = drawingOf({ id, request, createdAt: Date.now(), ...sizes, status });
  drawings.value = [drawing, ...(drawings.peek() ?? [])];
  change(drawing, { place: job.place });
  void keep(drawing);
  followNext();
  return id;
}

export async function cancel(drawing: Drawing): Promise<void> {
  try {
    await ask(`v1/jobs/${drawing.id}`, { method: "DELETE" });
  } catch (error) {
    tellProblem(error);
  }
}

export function forget(...gone: readonly Drawing[]): void {
  const ids = new Set(gone.map(({ id }) => id));
  drawings.value = drawings.peek()?.filter(({ id }) => !ids.has(id));
  for (const { picture } of gone) if (picture.peek()) URL.revokeObjectURL(picture.peek()!);
  delMany([...ids], store).catch(tellProblem);
}

async function keep(drawing: Drawing): Promise<void> {
  try {
    await set(drawing.id, keptOf(drawing), store);
  } catch (error) {
    tellProblem(new Error(`The browser keeps no more images: ${error instanceof Error ? error.message : error}`));
  }
}

/** Listens to the oldest of those that are not finished. */
function followNext(): void {
  const waiting = [...(drawings.peek() ?? [])].reverse().filter((one) => isUnfinished(one) && !followed.has(one.id));
  for (const drawing of waiting.slice(0, mostFollowed - followed.size)) {
    followed.add(drawing.id);
    void followJob(drawing.id, {
      take: (event, data) => take(drawing, event, data),
      line: (isThere) => change(drawing, { isLineLost: !isThere }),
      gone: () => end(drawing, { status: "failed", problem: "The server does not know it any more." }),
    }).finally(() => {
      followed.delete(drawing.id);
      followNext();
    });
  }
}

async function take(drawing: Drawing, event: string, data: unknown): Promise<boolean> {
  if (event === "progress") change(drawing, { progress: data as JobProgress });
  else if (event === "preview") {
    const { b64_json: text, ...progress } = data as { b64_json: string } & JobProgress;
    show(drawing, pngOf(text));
    if (progress.step !== undefined) change(drawing, { progress });
  } else return turn(drawing, data as Job);
  return false;
}

async function turn(drawing: Drawing, job: Job): Promise<boolean> {
  const { status, place, images, reports, error } = job;
  if (!isOver(status)) {
    if (status === "running" && drawing.now.peek().status === "queued") say(`Drawing ${promptOf(drawing)}`);
    change(drawing, { status, place });
    return false;
  }
  const [first] = images;
  if (status === "completed" && first) {
    const image = await (await ask(first.url)).blob(); // when the line is lost here, the event comes again
    show(drawing, image);
    end(drawing, { status, image, report: reports[0] });
    say(`Finished: ${promptOf(drawing)}`);
    return true;
  }
  end(drawing, { status, problem: error?.message });
  say(status === "cancelled" ? "Cancelled" : "It failed");
  return true;
}

function end(drawing: Drawing, state: Parameters<typeof change>[1]): void {
  change(drawing, { place: null, progress: null, isLineLost: false, ...state });
  if (drawing.now.peek().status === "cancelled") del(drawing.id, store).catch(tellProblem);
  else void keep(drawing);
}

/** Of those that nobody listens to yet. */
async function lookAtPlaces(): Promise<void> {
  const waiting = drawings.peek()?.filter((one) => isUnfinished(one) && one.now.peek().status === "queued") ?? [];
  if (waiting.length === 0) return;
  try {
    const { data } = (await (await ask("v1/jobs", {}, true)).json()) as { data: Job[] };
    for (const drawing of waiting) {
      const place = data.find(({ id }) => id === drawing.id)?.place;
      if (place !== undefined) change(drawing, { place });
    }
  } catch {} // told by those that are listened to
}

function pngOf(base64: string): Blob {
  return new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], { type: "image/png" });
}
