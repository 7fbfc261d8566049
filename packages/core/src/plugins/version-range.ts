type Version = readonly [major: number, minor: number, patch: number];

/**
 * Whether a version lies in a peer range: `^1.2.3`, `~1.2`, `1.x`, `>=1.2 <2`, `1.2 - 2`, `*`, alternatives with `||`.
 * Ranges of another form (`workspace:^`, tags) say nothing and are let through. Prereleases count as their release.
 */
export function isInRange(version: string, range: string): boolean {
  const actual = parse(version);
  if (!actual) return true;
  return range.split("||").some((alternative) => {
    const bounds = alternative.replace(/(\S+)\s+-\s+(\S+)/g, ">=$1 <=$2");
    const parts = bounds
      .replace(/([<>=^~])\s+/g, "$1")
      .split(/\s+/)
      .filter(Boolean);
    return parts.every((part) => matches(actual.version, part));
  });
}

function matches(version: Version, part: string): boolean {
  const [, operator, rest] = /^([<>]=?|=|\^|~|)v?(.*)$/.exec(part)!;
  const parsed = parse(rest!);
  if (!parsed) return true;
  const { version: low, given } = parsed;
  switch (operator) {
    case ">=":
      return compare(version, low) >= 0;
    case ">":
      return given === 3 ? compare(version, low) > 0 : compare(version, next(low, given)) >= 0;
    case "<":
      return compare(version, low) < 0;
    case "<=":
      return compare(version, next(low, given)) < 0;
    case "^": {
      const firstSet = low.findIndex((number) => number > 0);
      return between(version, low, next(low, firstSet < 0 ? given : firstSet + 1));
    }
    case "~":
      return between(version, low, next(low, Math.min(given, 2)));
    default:
      return between(version, low, next(low, given));
  }
}

/** @returns with how many numbers are given; `undefined` for what is no version */
function parse(text: string): { version: Version; given: number } | undefined {
  if (/^[x*]?$/i.test(text)) return { version: [0, 0, 0], given: 0 };
  const match = /^(\d+)(?:\.(\d+|[x*]))?(?:\.(\d+|[x*]))?(?:[-+].*)?$/i.exec(text);
  if (!match) return undefined;
  const numbers = match.slice(1).map(Number);
  const gap = numbers.findIndex(Number.isNaN);
  const [major = 0, minor = 0, patch = 0] = numbers.map((number) => (Number.isNaN(number) ? 0 : number));
  return { version: [major, minor, patch], given: gap < 0 ? 3 : gap };
}

/** The first version after all that share the first `given` numbers. */
function next([major, minor, patch]: Version, given: number): Version {
  return (
    [
      [Number.POSITIVE_INFINITY, 0, 0],
      [major + 1, 0, 0],
      [major, minor + 1, 0],
      [major, minor, patch + 1],
    ] as const
  )[given]!;
}

function between(version: Version, low: Version, high: Version): boolean {
  return compare(version, low) >= 0 && compare(version, high) < 0;
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
