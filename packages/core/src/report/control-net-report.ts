import type { ControlNetReport } from "./report";

/** @param strengths of each net, by step; 0 where it did not run */
export function reportControlNets(
  names: readonly string[],
  strengths: readonly (readonly number[])[],
): ControlNetReport[] {
  return names.map((name, net) => {
    const steps = strengths.flatMap((ofStep, step) => (ofStep[net] === 0 ? [] : [step]));
    return { name, steps, summary: `ran at ${steps.length} of ${strengths.length} steps` };
  });
}

/** Warnings for nets that never ran. */
export function idleControlNets(reports: readonly ControlNetReport[]): string[] {
  return reports
    .filter(({ steps }) => steps.length === 0)
    .map(
      ({ name }) =>
        `${name} did not run: its controlnet_conditioning_scale is 0, or no step lies between its start and end.`,
    );
}
