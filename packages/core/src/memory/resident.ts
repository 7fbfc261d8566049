import type { Session } from "../runtime/runtime";
import type { OpenSegment, Sessions } from "./sessions";

/**
 * Every session is open from the beginning. One may pass: it is open while it runs, or from the first run on that is not
 * to be its only one.
 */
export class ResidentSessions implements Sessions {
  private readonly once = new Set<Session>();
  private late: Promise<Session> | undefined;

  private constructor(
    private readonly sessions: readonly (Session | undefined)[],
    private readonly openSegment: OpenSegment,
  ) {}

  /** @param passing which one passes @throws SKIPSTEP_SESSION_FAILED, with none left open */
  static async open(count: number, passing: number | undefined, openSegment: OpenSegment): Promise<ResidentSessions> {
    const sessions: (Session | undefined)[] = [];
    try {
      for (let index = 0; index < count; index++)
        sessions.push(index === passing ? undefined : await openSegment(index));
    } catch (error) {
      await Promise.all(sessions.map((session) => session?.close()));
      throw error;
    }
    return new ResidentSessions(sessions, openSegment);
  }

  async take(index: number, once = false): Promise<Session> {
    const open = this.sessions[index] ?? this.late;
    if (open) return open;
    if (!once) return this.stay(index);
    const session = await this.openSegment(index, true);
    this.once.add(session);
    return session;
  }

  give(session: Session): void {
    if (this.once.delete(session)) session.close().catch(() => undefined); // the runtime stopped; whoever uses the outputs is told
  }

  async close(): Promise<void> {
    const late = await this.late?.catch(() => undefined); // told to who took it
    await Promise.all([...this.sessions, ...this.once, late].map((session) => session?.close()));
  }

  private stay(index: number): Promise<Session> {
    const late = this.openSegment(index);
    this.late = late;
    late.catch(() => {
      this.late = undefined; // tried again the next time
    });
    return late;
  }
}
