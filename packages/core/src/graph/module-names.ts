import type { Node } from "./value";

/** A module that does not come apart: `layers.3`, `down_blocks.0.resnets.1`, `conv_out`. */
const module = /^[^.]+(\.\d+(\.[a-z_]+\.\d+)?)?/;

/** The module that a node belongs to; `""` where it lies in none. */
export function moduleOf({ scope }: Pick<Node, "scope">): string {
  return module.exec(scope)?.[0] ?? "";
}

/** Whether a scope is a module or lies in it. */
export function isInModule(scope: string, module: string): boolean {
  return scope === module || scope.startsWith(`${module}.`);
}

/** Outermost modules, and those of outermost lists, as errors list them: `layers.0` of `layers.0.attention`. */
export function outerModules(nodes: readonly Node[]): string[] {
  const names = nodes.map(({ scope }) => /^[^.]+(\.\d+)?/.exec(scope)?.[0]);
  return [...new Set(names.filter((name) => name !== undefined))];
}
