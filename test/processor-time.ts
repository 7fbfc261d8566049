/** What something takes of this process's cores, which is the same on a machine that does other work. @returns seconds */
export function processorTime(body: () => unknown): number {
  const before = process.cpuUsage();
  body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
