import type { Session } from "../engine/engine";

/** Opens one segment's session. */
export type OpenSegment = (index: number) => Promise<Session>;

/** The sessions of a component's segments, as they come and go. */
export interface Sessions {
  /** The session for a run that begins now. @throws SKIPSTEP_SESSION_FAILED */
  take(index: number): Promise<Session>;
  /** Told once that run was handed to the engine, which finishes it before anything that it is asked later. */
  give(index: number): void;
  close(): Promise<void>;
}
