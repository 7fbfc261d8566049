/** The modules that stay as they are, and whether each of the patterns was for anything. */
export class SkipModules {
  private readonly used = new Set<string>();

  constructor(private readonly patterns: readonly string[]) {}

  /**
   * The rule of diffusers: a layer is left alone when its own name is a pattern, or its path is one, or a pattern is
   * followed by a dot somewhere in its path.
   * @param module `transformer_blocks.0.attn.to_q`
   */
  skips(module: string): boolean {
    const own = module.slice(module.lastIndexOf(".") + 1);
    const found = this.patterns.filter(
      (pattern) => own === pattern || module === pattern || `${module}.`.includes(`${pattern}.`),
    );
    for (const pattern of found) this.used.add(pattern);
    return found.length > 0;
  }

  get unused(): readonly string[] {
    return this.patterns.filter((pattern) => !this.used.has(pattern));
  }
}
