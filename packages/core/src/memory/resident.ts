import type { Session } from "../runtime/runtime";
import type { OpenSegment, Sessions } from "./sessions";

/** Every session is open from the beginning. */
export class ResidentSessions implements Sessions {
  private constructor(private readonly sessions: readonly Session[]) {}

  /** @throws SKIPSTEP_SESSION_FAILED, with none left open */
  static async open(count: number, openSegment: OpenSegment): Promise<ResidentSessions> {
    const sessions: Session[] = [];
    try {
      for (let index = 0; index < count; index++) sessions.push(await openSegment(index));
    } catch (error) {
      await Promise.all(sessions.map((session) => session.close()));
      throw error;
    }
    return new ResidentSessions(sessions);
  }

  async take(index: number): Promise<Session> {
    return this.sessions[index]!;
  }

  give(): void {}

  async close(): Promise<void> {
    await Promise.all(this.sessions.map((session) => session.close()));
  }
}
