import type { Session } from "../runtime/runtime";

/** Opens one segment's session. @param once for a run after which it is closed */
export type OpenSegment = (index: number, once?: boolean) => Promise<Session>;

/** The sessions of a component's segments, as they come and go. */
export interface Sessions {
  /**
   * The session for a run that begins now.
   * @param once whether it need not stay, where it is the one that passes
   * @throws SKIPSTEP_SESSION_FAILED
   */
  take(index: number, once?: boolean): Promise<Session>;
  /** Gives a session back that was taken. A run that it was started on is finished before anything asked later. */
  give(session: Session): void;
  close(): Promise<void>;
}
