import type { Interruption } from "./interruption";
import type { Terminal } from "./terminal";

/** What every command is given besides its arguments. */
export interface Session {
  readonly terminal: Terminal;
  readonly interruption: Interruption;
}
