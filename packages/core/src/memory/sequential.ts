import type { Session } from "../runtime/runtime";
import type { OpenSegment, Sessions } from "./sessions";

/** A session is open while it runs: its weights are read from the file each time. */
export class SequentialSessions implements Sessions {
  constructor(private readonly openSegment: OpenSegment) {}

  take(index: number, once?: boolean): Promise<Session> {
    return this.openSegment(index, once);
  }

  give(session: Session): void {
    session.close().catch(() => undefined); // the runtime stopped; whoever uses the outputs is told
  }

  async close(): Promise<void> {}
}
