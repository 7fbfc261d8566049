import { createInterface } from "node:readline";
import { escaped } from "@skipstep/core/printable";

/** What answers are read from. */
export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean };

/** What is written to; `isTTY` is there when people watch. */
export interface Stream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
}

/** A command's result, for people and for programs. */
export interface Result {
  /** Lines for people. */
  readonly lines: readonly string[];
  /** The one JSON document of `--json`. */
  readonly document: unknown;
  /** What went on but may not be what was wanted; for people only, as documents have their own place for it. */
  readonly warnings?: readonly string[];
}

/**
 * Where a command's output goes: results to stdout, all else to stderr. What lines and documents quote may come from a
 * stranger's file, so that controls in them are escaped.
 */
export class Terminal {
  constructor(
    private readonly stdout: Stream = process.stdout,
    readonly stderr: Stream = process.stderr,
    private readonly stdin: Input = process.stdin,
  ) {}

  /** Whether somebody is there to be asked. */
  get canAsk(): boolean {
    return this.stdin.isTTY === true && this.stderr.isTTY === true;
  }

  /** Asks for a yes. Whatever else is answered, or nothing, is a no. */
  async confirm(lines: readonly string[], question: string): Promise<boolean> {
    this.complain(lines);
    const reader = createInterface({ input: this.stdin, output: this.stderr, terminal: false });
    try {
      const answer = await new Promise<string>((resolve) => {
        reader.once("close", () => resolve(""));
        reader.question(`${question} [y/N] `, resolve);
      });
      return /^\s*y(es)?\s*$/i.test(answer);
    } finally {
      reader.close();
    }
  }

  /** Prints text as it is. */
  write(text: string): void {
    this.stdout.write(text);
  }

  show({ lines, document, warnings = [] }: Result, isJson = false): void {
    if (isJson) {
      this.json(document);
      return;
    }
    this.write(linesText(lines));
    this.complain(warnings.map((warning) => `warning: ${warning}`));
  }

  json(document: unknown): void {
    const lines = JSON.stringify(document, null, 2).split("\n"); // in its texts, line breaks are escaped already
    this.write(linesText(lines));
  }

  complain(lines: readonly string[]): void {
    this.stderr.write(linesText(lines));
  }
}

function linesText(lines: readonly string[]): string {
  return lines.map((line) => `${escaped(line)}\n`).join("");
}
