export function isInstalled(workspace: string): boolean;
