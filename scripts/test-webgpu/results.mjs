import { appendFileSync, existsSync, readFileSync } from "node:fs";

/**
 * A file of results, a line of JSON for each: `name`, `state`, `seconds`, `processorSeconds`, `error`. A state is `running`
 * where a case begins, then `passed`, `failed`, `died` with its process, or `interrupted` where somebody ended that.
 */
export function resultsIn(file) {
  return {
    add: (result) => appendFileSync(file, `${JSON.stringify(result)}\n`),
    /** The last that is known of each case, by name. */
    read: () => {
      const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
      return new Map(lines.flatMap(parsed).map((result) => [result.name, result]));
    },
  };
}

function parsed(line) {
  try {
    return [JSON.parse(line)];
  } catch {
    return []; // cut off where a process died
  }
}
