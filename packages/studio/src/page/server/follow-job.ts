import { EventSourceParserStream } from "eventsource-parser/stream";
import { ask, key, Refusal } from "./ask";

/** Milliseconds before a lost line is asked for again; twice as many each time, up to the second. */
const [firstWait, longestWait] = [400, 8000];

export interface JobListener {
  /** @returns true when nothing more will come */
  take(event: string, data: unknown): Promise<boolean> | boolean;
  /** The line was lost, or is there again. */
  line(isThere: boolean): void;
  /** The server knows no such job any more. */
  gone(): void;
}

/**
 * Listens to a job to its end. A line that is lost is asked for again with the last event that came, and goes on
 * behind it. `EventSource` would do that as well, but sends no key.
 */
export async function followJob(id: string, listener: JobListener): Promise<void> {
  let last: string | undefined;
  for (let wait = firstWait; ; wait = Math.min(2 * wait, longestWait)) {
    try {
      const headers: HeadersInit = last === undefined ? {} : { "last-event-id": last };
      const response = await ask(`v1/jobs/${id}/events`, { headers }, true);
      const events = response
        .body!.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
        .pipeThrough(new EventSourceParserStream())
        .getReader();
      listener.line(true);
      for (let next = await events.read(); !next.done; next = await events.read()) {
        const { id: own, event = "message", data } = next.value;
        wait = firstWait;
        if (await listener.take(event, JSON.parse(data))) return;
        last = own ?? last; // what could not be taken in comes again
      }
    } catch (error) {
      if (error instanceof Refusal && error.status === 404) {
        listener.gone();
        return;
      }
      if (error instanceof Refusal && error.status === 401) await anotherKey();
    }
    listener.line(false);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

function anotherKey(): Promise<void> {
  const old = key.peek();
  return new Promise((resolve) => {
    const stop = key.subscribe((now) => {
      if (now === old) return;
      queueMicrotask(() => stop());
      resolve();
    });
  });
}
