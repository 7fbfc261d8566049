/** A line for the report. @param source what says so: a file of weights or of a scheduler */
export function levelsDiffer(source: string, className: string): string {
  return `${source}: the model was trained on EDM noise levels, which ${className} does not have. Use EDMEulerScheduler or EDMDPMSolverMultistepScheduler.`;
}
