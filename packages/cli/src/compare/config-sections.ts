import { type Html, html } from "../page/html";
import type { Entrant } from "./comparison";

/** Every config as it was checked: defaults filled in, paths absolute. */
export function configSections(entrants: readonly Entrant[]): Html[] {
  return entrants.map(
    ({ name, config }) =>
      html`<details><summary>${name}</summary><pre>${JSON.stringify(config.config, null, 2)}</pre></details>`,
  );
}

/** Versions of everything that an image depends on. */
export function versionTable(entrants: readonly Entrant[]): Html {
  const versions = Object.assign({}, ...entrants.map(({ drawings }) => drawings[0]!.recipe.versions)) as Readonly<
    Record<string, string>
  >;
  return html`<div class="wide"><table>${Object.entries(versions).map(
    ([name, version]) => html`<tr><td>${name}</td><td>${version}</td></tr>`,
  )}</table></div>`;
}
