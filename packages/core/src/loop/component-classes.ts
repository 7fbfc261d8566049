import type { Architecture, ArchitectureEntry } from "../architecture/architecture";

/**
 * What a component may be: an architecture, or one of several, each by its own class name and aliases; or architectures by
 * the class names that checkpoints of the family have for them, with the function that is run.
 */
export type ComponentClasses = Architecture | readonly Architecture[] | Readonly<Record<string, ArchitectureEntry>>;

/** Architectures by class name. Of one with several functions, none of them the main one, the family must say which it runs. */
export function classesOf(classes: ComponentClasses): Readonly<Record<string, ArchitectureEntry>> {
  if (!isArchitecture(classes) && !isList(classes)) return classes;
  const named = [classes].flat().flatMap((architecture): [string, ArchitectureEntry][] => {
    const { entries, mainEntry: entry = Object.keys(entries)[0]! } = architecture;
    return [architecture.className, ...(architecture.aliases ?? [])].map((name) => [name, { architecture, entry }]);
  });
  return Object.fromEntries(named);
}

/** Architectures with several functions of which none is said. */
export function unclear(classes: ComponentClasses): Architecture[] {
  if (!isArchitecture(classes) && !isList(classes)) return [];
  return [classes]
    .flat()
    .filter(({ entries, mainEntry }) => mainEntry === undefined && Object.keys(entries).length > 1);
}

function isArchitecture(classes: ComponentClasses): classes is Architecture {
  return "entries" in classes && "parse" in classes;
}

function isList(classes: ComponentClasses): classes is readonly Architecture[] {
  return Array.isArray(classes);
}
