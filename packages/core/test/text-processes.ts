import { execFileSync } from "node:child_process";

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Processes that run: those that only wait to be noticed by their parent do not. */
function table(): Row[] {
  const text = execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat=,args="], { encoding: "utf8" });
  return text.split("\n").flatMap((line) => {
    const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return command === undefined || state!.startsWith("Z")
      ? []
      : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}

/** Ids of a program's text processes. */
export function textProcessesOf(program: number): number[] {
  const isOne = ({ parent, command }: Row): boolean => parent === program && /text[/\\]host\.js/.test(command);
  return table()
    .filter(isOne)
    .map(({ pid }) => pid);
}

export function isRunning(process: number): boolean {
  return table().some(({ pid }) => pid === process);
}
