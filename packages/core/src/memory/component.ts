import type { Session } from "../runtime/runtime";
import { ResidentSessions } from "./resident";
import type { OpenSegment, Sessions } from "./sessions";

/** Which component of a pipeline has its turn: the others' sessions are closed. */
export class Turns {
  private current: ComponentSessions | undefined;

  /** Ends the turn of whoever has it. */
  async begin(sessions: ComponentSessions): Promise<void> {
    if (this.current === sessions) return;
    const before = this.current;
    this.current = sessions;
    await before?.close();
  }
}

/** Sessions that are opened when their component is run, and closed when another one is. */
export class ComponentSessions implements Sessions {
  private opened: Promise<ResidentSessions> | undefined;

  constructor(
    private readonly turns: Turns,
    private readonly count: number,
    private readonly passing: number | undefined,
    private readonly openSegment: OpenSegment,
  ) {}

  async take(index: number, once?: boolean): Promise<Session> {
    await this.turns.begin(this);
    this.opened ??= this.open();
    return (await this.opened).take(index, once);
  }

  give(session: Session): void {
    this.opened?.then(
      (sessions) => sessions.give(session),
      () => undefined,
    );
  }

  async close(): Promise<void> {
    const { opened } = this;
    this.opened = undefined;
    await opened?.then(
      (sessions) => sessions.close(),
      () => undefined, // told to who opened them
    );
  }

  private async open(): Promise<ResidentSessions> {
    try {
      return await ResidentSessions.open(this.count, this.passing, this.openSegment);
    } catch (error) {
      this.opened = undefined; // tried again the next time
      throw error;
    }
  }
}
