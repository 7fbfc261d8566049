export function javaScriptKey(folder: string): string;
