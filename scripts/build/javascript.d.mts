export function javaScriptKey(folder: string): string;
export function makeJavaScript(folder: string, out: string): Promise<void>;
