import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { basename } from "node:path";
import { isSystemError } from "./system-error";

/** Whether the process that makes a temporary file still does. `unknown` for one of another host or container. */
export type OwnerState = "running" | "gone" | "unknown";

let own: string | undefined;

/**
 * Says in a temporary file's name whose it is: process, when it started, since which start of the system, and where
 * numbers of processes mean the same (host, container). `4711-83250-0f3b9c52-77aa01de`
 */
export function ownerTag(): string {
  own ??= [process.pid, startOf(process.pid) ?? 0, bootHash(), hostHash()].join("-");
  return own;
}

/** Whether the owner of a temporary file or folder is still at work; by its name. */
export function ownerState(path: string): OwnerState {
  const [, tag = ""] = /\.([^.]+)\.[0-9a-f]+\.tmp$/.exec(basename(path)) ?? [];
  return tagState(tag);
}

/** Whether the process of an owner's tag is still at work. */
export function tagState(tag: string): OwnerState {
  const { pid, start, boot, host } = partsOf(tag);
  if (pid === undefined || host !== hostHash()) return "unknown";
  if (boot !== bootHash() || !isRunning(Number(pid))) return "gone";
  const now = startOf(Number(pid));
  // Another process may have the number by now.
  return now !== undefined && now !== Number(start) ? "gone" : "running";
}

/** The number of the process of an owner's tag; `undefined` where it means another one, in another host or container. */
export function processOf(tag: string): number | undefined {
  const { pid, host } = partsOf(tag);
  return pid !== undefined && host === hostHash() ? Number(pid) : undefined;
}

/** The machine, containers on it included. `0f3b9c52` */
export function machineTag(): string {
  return contentOf("/proc/sys/kernel/random/boot_id") === undefined ? short(hostname()) : bootHash();
}

function partsOf(tag: string): { pid?: string; start?: string; boot?: string; host?: string } {
  return /^(?<pid>\d+)-(?<start>\d+)-(?<boot>[0-9a-f]{8})-(?<host>[0-9a-f]{8})$/.exec(tag)?.groups ?? {};
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error) && error.code === "EPERM"; // another user's
  }
}

/** When a process started, in ticks since the system did; `undefined` where there is no /proc. */
function startOf(pid: number): number | undefined {
  const text = contentOf(`/proc/${pid}/stat`);
  // The name of the program comes before, in parentheses, and may hold spaces and more of them.
  return text === undefined ? undefined : Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[19]);
}

function bootHash(): string {
  return short(contentOf("/proc/sys/kernel/random/boot_id") ?? "");
}

function hostHash(): string {
  return short(`${hostname()} ${processNamespace()}`);
}

/** Containers have numbers of processes of their own. */
function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch (error) {
    if (isSystemError(error)) return "";
    throw error;
  }
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

function short(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
