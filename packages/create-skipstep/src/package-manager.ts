/** Whose command created the project. Yarn 1 has settings of its own. */
export type PackageManager = "npm" | "pnpm" | "yarn" | "yarn 1" | "bun";

/** By what each puts into the environment: `pnpm/10.34.9 npm/? node/v20.20.2 linux x64`. */
export function packageManagerOf(userAgent = ""): PackageManager {
  const [name, version] = userAgent.split(" ")[0]!.split("/");
  if (name === "yarn" && version?.startsWith("1.")) return "yarn 1";
  return name === "pnpm" || name === "yarn" || name === "bun" ? name : "npm";
}

export function commandOf(manager: PackageManager): string {
  return manager.split(" ")[0]!;
}
