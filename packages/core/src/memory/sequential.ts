import type { Session } from "../engine/engine";
import type { OpenSegment, Sessions } from "./sessions";

/** A session is open while it runs: its weights are read from the file each time. */
export class SequentialSessions implements Sessions {
  private readonly taken = new Map<number, Session>();

  constructor(private readonly openSegment: OpenSegment) {}

  async take(index: number): Promise<Session> {
    const session = await this.openSegment(index);
    this.taken.set(index, session);
    return session;
  }

  give(index: number): void {
    const session = this.taken.get(index);
    this.taken.delete(index);
    session?.close().catch(() => undefined); // the engine stopped; whoever uses the outputs is told
  }

  async close(): Promise<void> {
    await Promise.all([...this.taken.values()].map((session) => session.close()));
  }
}
