import type { CheckedConfig } from "@skipstep/core";
import { wide } from "./document";
import { type Html, html } from "./html";
import { machineText } from "./machine";

/** Configs as they were checked, by name: defaults filled in, paths absolute. */
export function configSections(configs: readonly { readonly name: string; readonly config: CheckedConfig }[]): Html {
  return html`<h2>${configs.length === 1 ? "Config" : "Configs"}</h2>
${configs.map(
  ({ name, config }) =>
    html`<details><summary>${name}</summary><pre role="region" aria-label="${name}" tabindex="0">${JSON.stringify(config.config, null, 2)}</pre></details>`,
)}`;
}

/** Versions of everything that an image depends on, and the machine. @param all of several recipes */
export function versionSection(all: readonly Readonly<Record<string, string>>[]): Html {
  const versions = Object.assign({}, ...all) as Readonly<Record<string, string>>;
  const rows = Object.entries(versions).map(([name, version]) => html`<tr><td>${name}</td><td>${version}</td></tr>`);
  return html`<h2>Versions</h2>
${wide("Versions", html`<table>${rows}</table>`)}
<p>${machineText()}</p>`;
}
