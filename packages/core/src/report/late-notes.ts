/**
 * What became of timesteps that were not known before their steps.
 * @param late who did not tell them, by component @param names class names
 */
export function lateNotes<Who extends string>(
  late: ReadonlyMap<string, Who>,
  names: Readonly<Record<Who, string>>,
): string[] {
  return [...late].map(
    ([component, who]) =>
      `${names[who]} does not tell its timesteps before they come: what depends on them alone was computed at each step of ${component}, with its weights in memory`,
  );
}
