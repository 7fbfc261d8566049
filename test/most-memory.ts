import { readFileSync } from "node:fs";

/**
 * The most memory that this process had at once, in bytes. What Linux tells of resources counts what its parent had when
 * it began.
 */
export function mostMemory(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS * 1024;
  const [, kibibytes] = readFileSync("/proc/self/status", "utf8").match(/^VmHWM:\s+(\d+) kB$/m)!;
  return Number(kibibytes) * 1024;
}
