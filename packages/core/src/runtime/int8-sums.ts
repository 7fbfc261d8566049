import { readFileSync } from "node:fs";

/**
 * Whether the fast kernels for signed int8 weights may overflow here: x86 processors without VNNI add pairs of products
 * in 16 bits. Where the system does not tell, they are taken to have it.
 */
export function int8SumsOverflow(): boolean {
  if (process.arch !== "x64" || process.platform !== "linux") return false;
  try {
    return !hasVnni(readFileSync("/proc/cpuinfo", "utf8"));
  } catch {
    return false; // not there in some containers
  }
}

/** @param cpuinfo of Linux */
export function hasVnni(cpuinfo: string): boolean {
  const [, flags = ""] = /^flags\s*:(.*)$/m.exec(cpuinfo) ?? [];
  return flags === "" || /\bavx(512)?_vnni\b/.test(flags);
}
