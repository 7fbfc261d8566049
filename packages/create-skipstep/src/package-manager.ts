/** Whose command created the project, and is told in what is printed. */
export type PackageManager = "npm" | "pnpm" | "yarn" | "bun";

export const packageManagers: readonly PackageManager[] = ["npm", "pnpm", "yarn", "bun"];

/** By what each puts into the environment: `pnpm/10.34.9 npm/? node/v20.20.2 linux x64`. */
export function packageManagerOf(userAgent = ""): PackageManager {
  return packageManagers.find((name) => userAgent.startsWith(`${name}/`)) ?? "npm";
}
