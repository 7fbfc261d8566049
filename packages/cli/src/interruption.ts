/** Signals that stop a command, and the exit code of each: 128 plus the signal's number. */
const signals = { SIGINT: 130, SIGTERM: 143 } as const;

type StopSignal = keyof typeof signals;

/**
 * Ctrl-C and SIGTERM. Work that takes long heeds the first one by its `AbortSignal`; all else ends at once. A second one
 * ends the process in any case.
 */
export class Interruption {
  private readonly controller = new AbortController();
  private received: StopSignal | undefined;
  private isHeeded = false;

  /** @param leave tells of a signal that nothing heeds, and ends the process */
  constructor(private readonly leave: (reason: string, exitCode: number) => void) {}

  /** 130 or 143 once a signal has come. */
  get exitCode(): number | undefined {
    return this.received && signals[this.received];
  }

  /** From now on the first signal aborts this one. */
  heed(): AbortSignal {
    this.isHeeded = true;
    return this.controller.signal;
  }

  /** Listens. @returns what ends it */
  watch(): () => void {
    const names = Object.keys(signals) as StopSignal[];
    for (const name of names) process.on(name, this.onSignal);
    return () => {
      for (const name of names) process.off(name, this.onSignal);
    };
  }

  private readonly onSignal = (signal: NodeJS.Signals): void => {
    const name = signal as StopSignal;
    if (this.received) die(name);
    else this.stop(name);
  };

  private stop(name: StopSignal): void {
    this.received = name;
    const reason = name === "SIGINT" ? "stopped by Ctrl-C" : `stopped by ${name}`;
    if (this.isHeeded) this.controller.abort(reason);
    else this.leave(reason, signals[name]);
  }
}

/** Ends the process as a signal does that nobody listens to: at once, where process.exit() waits for ONNX Runtime. */
function die(signal: StopSignal): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
