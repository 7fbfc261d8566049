import { batch, signal } from "@preact/signals";
import { addDrawing } from "../drawings/drawings";
import { compareDrawings, leaveComparison } from "../drawings/shown";
import { say } from "../notices";
import { askJson, Refusal } from "../server/ask";
import type { Job } from "../server/job";
import { modelForm } from "../server/models";
import { common, imageCount, pictures, refused, variants } from "./draft";
import { jobBody, requestOf } from "./request-body";

/** Requests are on their way to the server. */
export const isSending = signal(false);

/** Sends what the form says: an image for each setting and seed. */
export async function draw(): Promise<void> {
  const form = modelForm.peek();
  if (!form || isSending.peek()) return;
  isSending.value = true;
  refused.value = undefined;
  const files = pictures.peek();
  const first = seedOf(common.peek().seed);
  const both = variants.peek();
  try {
    for (let i = 0; i < imageCount.peek(); i++) {
      const ids: string[] = [];
      for (const variant of both) {
        const request = requestOf(form, common.peek(), variant, first + i, files);
        const job = await askJson<Job>("v1/jobs", await jobBody(request, form, files));
        ids.push(addDrawing(job, request, form));
      }
      const [one, other] = ids;
      if (i > 0) continue; // the first is shown; the others wait below
      batch(() => (one !== undefined && other !== undefined ? compareDrawings(one, other) : leaveComparison(one)));
    }
    say(both.length > 1 ? "Both are in the queue." : "It is in the queue.");
    showImages();
  } catch (error) {
    const { param, message } = error instanceof Refusal ? error : { param: null, message: String(error) };
    refused.value = { param, message };
  } finally {
    isSending.value = false;
  }
}

/** One that nobody chose is drawn here, so that two settings are compared with the same noise. */
function seedOf(given: unknown): number {
  return typeof given === "number" ? given : crypto.getRandomValues(new Uint32Array(1))[0]!;
}

/** On a phone they lie below the form. */
function showImages(): void {
  if (!matchMedia("(max-width: 46rem)").matches) return;
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.getElementById("images")?.scrollIntoView({ behavior: isCalm ? "auto" : "smooth" });
}
