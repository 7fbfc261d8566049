import type { ProgressEvent } from "@skipstep/core";
import { escaped } from "@skipstep/core/printable";
import { bytesText } from "./quantities";
import type { Stream } from "./terminal";

/** Told while weights are written anew. */
export interface QuantizeEvent {
  readonly kind: "quantize";
  /** `layers.0.attention.to_q.weight` */
  readonly what: string;
  readonly done: number;
  readonly of: number;
}

/** Shows how far a generation is. */
export interface Progress {
  /** @param part of several generations: `3/8` */
  show(event: ProgressEvent | QuantizeEvent, part?: string): void;
  /** Takes it off the screen. */
  stop(): void;
}

export interface ProgressOptions {
  /** Whether it is told in lines where no terminal is, as in a log: for what takes long. */
  readonly lines?: boolean;
}

/** A bar on a terminal; lines or nothing elsewhere. */
export async function createProgress(stream: Stream, { lines = false }: ProgressOptions = {}): Promise<Progress> {
  if (!stream.isTTY) return lines ? inLines(stream) : { show: () => undefined, stop: () => undefined };
  const { SingleBar } = await import("cli-progress");
  const bar = new SingleBar({
    format: "{label} {bar} {detail}",
    stream,
    clearOnComplete: true,
    linewrap: true, // else it switches the terminal's wrapping off, and a second Ctrl-C would leave it so
    barsize: 20,
    barCompleteChar: "█",
    barIncompleteChar: "░",
  });
  bar.start(1, 0, { label: "open".padEnd(labelWidth), detail: "" });
  return {
    show(event, part) {
      const { label, detail, done, of } = look(event);
      const whole = part === undefined ? label : `${part} ${label}`;
      bar.setTotal(of);
      bar.update(done, { label: escaped(whole).padEnd(labelWidth), detail: escaped(detail) });
    },
    stop: () => bar.stop(),
  };
}

/** A line when another tenth of something is done. */
function inLines(stream: Stream): Progress {
  let last = "";
  return {
    show(event, part) {
      const { label, detail, done, of } = look(event);
      const tenth = `${event.kind} ${part ?? ""} ${Math.floor((10 * done) / of)}`;
      if (tenth === last) return;
      last = tenth;
      const percent = `${Math.floor((100 * done) / of)} %`;
      stream.write(`${escaped([part, label, percent, detail].filter(Boolean).join(" "))}\n`);
    },
    stop: () => undefined,
  };
}

const labelWidth = 20;

interface Look {
  readonly label: string;
  readonly detail: string;
  readonly done: number;
  readonly of: number;
}

function look(event: ProgressEvent | QuantizeEvent): Look {
  switch (event.kind) {
    case "download": {
      const { file, done, of } = event;
      return { label: "download", detail: `${file} ${bytesText(done)} of ${bytesText(of)}`, done, of: Math.max(1, of) };
    }
    case "compile":
      return { label: `compile ${event.component}`, detail: "", done: event.done, of: Math.max(1, event.of) };
    case "quantize":
      return { label: "quantize", detail: event.what, done: event.done, of: Math.max(1, event.of) };
    case "step": {
      const { step, of, secondsLeft } = event;
      return { label: `step ${step} of ${of}`, detail: `${secondsLeft.toFixed(1)} s left`, done: step, of };
    }
    case "wait": {
      const { device, process } = event;
      const who = process === undefined ? "another program uses it" : `process ${process} uses it`;
      return { label: `wait for ${device}`, detail: who, done: 0, of: 1 };
    }
    case "encode":
      return { label: "read the prompt", detail: "", done: 0, of: 1 };
    case "decode":
      return { label: "decode the image", detail: "", done: 1, of: 1 };
  }
}
