/** Ours go from -1000 to 1000, and higher ones first. BullMQ's begin at 1, and lower ones go first. */
export function bullPriority(priority: number): number {
  return 1001 - priority;
}
