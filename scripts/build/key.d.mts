export function keyOf(folder: string, paths: readonly string[], endings?: readonly string[]): string;
