import { namePattern } from "@skipstep/lowbit";

/** Names of layers to leave as they are: `*` stands for anything; a module's name means all that is in it. */
export class SkipPatterns {
  private readonly unfit: Set<string>;
  private readonly expressions: readonly { readonly pattern: string; readonly expression: RegExp }[];

  constructor(patterns: readonly string[]) {
    this.unfit = new Set(patterns);
    this.expressions = patterns.map((pattern) => ({ pattern, expression: namePattern(pattern, "(\\..*)?") }));
  }

  /** @param name of a layer or its weight */
  skips(name: string): boolean {
    const found = this.expressions.filter(({ expression }) => expression.test(name));
    for (const { pattern } of found) this.unfit.delete(pattern);
    return found.length > 0;
  }

  /** Those that fitted nothing so far. */
  get unused(): readonly string[] {
    return [...this.unfit];
  }
}
