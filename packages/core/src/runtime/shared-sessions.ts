import { statSync } from "node:fs";
import { stampOf } from "../disk/file-stamp";
import { sessionFallsBack } from "../errors/provider";
import { sessionFailed } from "../errors/runtime";
import type { Calls, OpenOptions } from "./protocol";
import type { WorkerLink } from "./worker-link";

/** How many models that nobody uses stay open, for who opens them again; none. Tests set it higher. */
export const unusedSessions = { most: 0 };

/** A model that is open in the worker, or on its way, in the hands of one who uses it. */
export interface TakenSession {
  readonly id: number;
  /** @throws SKIPSTEP_SESSION_FAILED, SKIPSTEP_PROVIDER_FALLBACK */
  readonly ports: Promise<Calls["open"]["answer"]>;
}

interface OpenModel extends TakenSession {
  readonly key: string;
  users: number;
}

/**
 * The models that are open in a worker. What several pipelines of a program have in common, such as a text encoder, is
 * opened, optimized and held in memory once: a file as it is now, under the same options, is one model.
 */
export class SharedSessions {
  private readonly byId = new Map<number, OpenModel>();
  /** Those that may be taken once more. */
  private readonly byKey = new Map<string, OpenModel>();
  /** Without users, the longest first. */
  private readonly unused = new Set<OpenModel>();

  constructor(private readonly link: Pick<WorkerLink, "call" | "nextId">) {}

  /** The open model of a file, or a new one. Each `take` needs its `leave`. */
  take(path: string, options: OpenOptions): TakenSession {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    const key = JSON.stringify([path, stat && stampOf(stat), options]);
    const model = this.byKey.get(key) ?? this.open(key, path, options);
    this.unused.delete(model);
    model.users++;
    return { id: model.id, ports: model.ports };
  }

  /** @returns ids of models that the worker is to close: those that nobody uses any more */
  leave(sessions: Iterable<TakenSession>): number[] {
    for (const { id } of sessions) {
      const model = this.byId.get(id)!;
      if (--model.users === 0) this.unused.add(model);
    }
    const most = this.unused.size - unusedSessions.most;
    const closed = [...this.unused].filter((model, i) => i < most || this.byKey.get(model.key) !== model);
    for (const model of closed) this.forget(model);
    return closed.map(({ id }) => id);
  }

  private open(key: string, path: string, options: OpenOptions): OpenModel {
    const id = this.link.nextId();
    const ports = this.link.call("open", { session: id, path, options }, (message) =>
      isFallback(message) ? sessionFallsBack(path, options.provider) : sessionFailed(path, message),
    );
    const model: OpenModel = { id, key, ports, users: 0 };
    this.byId.set(id, model);
    this.byKey.set(key, model);
    ports.catch(() => this.byKey.delete(key)); // the next one tries anew
    return model;
  }

  private forget(model: OpenModel): void {
    this.unused.delete(model);
    this.byId.delete(model.id);
    if (this.byKey.get(model.key) === model) this.byKey.delete(model.key);
  }
}

/** ONNX Runtime's words where `noFallback` is set. */
function isFallback(message: string): boolean {
  return message.includes("fallback to CPU EP has been explicitly disabled");
}
