/** Modules that stay as they are, and whether each of their names was for anything. */
export class SkipModules {
  private readonly used = new Set<string>();

  constructor(private readonly names: readonly string[]) {}

  /** @param module `up_blocks.0.resnets.1.conv1`: skipped by its own name, its path, or a module that it lies in */
  skips(module: string): boolean {
    const found = this.names.filter((name) => `.${module}.`.includes(`.${name}.`));
    for (const name of found) this.used.add(name);
    return found.length > 0;
  }

  get unused(): readonly string[] {
    return this.names.filter((name) => !this.used.has(name));
  }
}
