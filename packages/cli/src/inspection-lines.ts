import type { ComponentInspection, Inspection, LoraMatch, PluginInspection } from "@skipstep/core";
import type { Structure } from "@skipstep/core/plugin";
import { columns, factsText } from "./columns";
import { codeRows } from "./plugin-code";
import { bytesText, countText } from "./quantities";

/** Weights that are in memory at once. */
const held: Readonly<Record<Inspection["memory"], string>> = {
  resident: "all weights",
  component: "those of one component",
  sequential: "those of one segment",
};

/** An inspection in tables. @param isLoading whether plugins' code was loaded */
export function inspectionLines(inspection: Inspection, isLoading = true): string[] {
  const { className, model, scheduler, structure, components, notes, loras, plugins, code } = inspection;
  const { memory, estimatedMemory } = inspection;
  return [
    `${className} in ${model}`,
    "",
    ...componentTable(components),
    "",
    ...sourceTable(components),
    "",
    ...notes.flatMap(({ kind, text }) => [kind === "warning" ? `warning: ${text}` : text, ""]),
    ...loras.flatMap((lora) => [...loraLines(lora), ""]),
    ...columns([
      ["memory", `${memory}: about ${bytesText(estimatedMemory)}, ${held[memory]} and activations`],
      ...passingRows(components),
      ["denoiser", structureText(structure)],
      ["scheduler", scheduler.className],
      ["", factsText(switchedOn(scheduler.options))],
      ...codeRows(code, isLoading),
    ]),
    "",
    ...segmentTable(components),
    "",
    ...attentionTable(components),
    ...plugins.flatMap((plugin) => ["", ...pluginLines(plugin)]),
  ];
}

function componentTable(components: readonly ComponentInspection[]): string[] {
  const head = ["component", "class", "parameters", "stored", "loaded", "activations", "stored as", "dtype"];
  const rows = components.map(
    ({ name, className, parameters, storedBytes, weightBytes, activationBytes, dtypes, dtype }) => [
      name,
      className,
      countText(parameters),
      bytesText(storedBytes),
      bytesText(weightBytes),
      bytesText(activationBytes),
      dtypes.join(", "),
      dtype,
    ],
  );
  return columns([head, ...rows], [2, 3, 4, 5]);
}

function sourceTable(components: readonly ComponentInspection[]): string[] {
  const rows = components.map(({ name, source: { path, hub, layout, format, config } }) => [
    name,
    layout,
    format,
    config === "built in" ? config : "file",
    hub === undefined ? path : `${hub} (${path})`,
  ]);
  return columns([["component", "names", "format", "config", "found in"], ...rows]);
}

/** `cat.safetensors at scale 0.8: 48 of 50 modules (transformer 48)` */
function loraLines({ file, scale, modules, matched, unmatched, warnings, conclusions }: LoraMatch): string[] {
  const count = Object.values(matched).reduce((sum, part) => sum + part, 0);
  return [
    `${file} at scale ${scale}: ${count} of ${modules} modules (${factsText(matched)})`,
    ...(unmatched.length === 0 ? [] : [`  for nothing here: ${firstFew(unmatched).join(", ")}`]),
    ...warnings.map((text) => `  warning: ${text}`),
    ...firstFew(conclusions).map((text) => `  ${text}`),
  ];
}

/** The first three, and how many more there are. */
function firstFew(texts: readonly string[]): string[] {
  return texts.length <= 3 ? [...texts] : [...texts.slice(0, 3), `and ${texts.length - 3} more`];
}

/** `ZImageTransformer2DModel: 7 layers (block-list)` */
function structureText({ className, lists, features }: Structure): string {
  const counts = lists.map(({ name, count }) => `${count} ${name}`);
  return `${className}${counts.length === 0 ? "" : `: ${counts.join(", ")}`} (${features.join(", ")})`;
}

/** Without the options that say no. */
function switchedOn(options: Inspection["scheduler"]["options"]): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null && value !== false));
}

function segmentTable(components: readonly ComponentInspection[]): string[] {
  const head = ["segment", "device", "nodes", "weights", "inputs", "outputs", "scopes"];
  const rows = components.flatMap(({ name, segments }) =>
    segments.map(({ from, to, once, ahead, device, nodes, weightBytes, inputs, outputs }, i) => [
      `${name}/${i}${once ? " (once)" : ahead ? " (ahead)" : ""}`,
      device,
      String(nodes),
      bytesText(weightBytes),
      String(inputs.length),
      String(outputs.length),
      range(from, to),
    ]),
  );
  return columns([head, ...rows], [2, 3, 4, 5]);
}

/** What leaves memory before the first step. */
function passingRows(components: readonly ComponentInspection[]): string[][] {
  return components
    .filter(({ passingBytes }) => passingBytes > 0)
    .map(({ name, passingBytes }) => [
      "",
      `${bytesText(passingBytes)} of ${name} are read for the timesteps alone, and let go of before the first step`,
    ]);
}

/** One line for all attentions of a component that are of one kind and became the same. */
function attentionTable(components: readonly ComponentInspection[]): string[] {
  const rows = new Map<string, { cells: readonly string[]; scopes: string[] }>();
  for (const { name, attentions } of components)
    for (const { scope, kind, plugin = "core", kernel = "its own" } of attentions) {
      const cells = [name, kind, kernel, plugin];
      const row = rows.get(cells.join()) ?? { cells, scopes: [] };
      row.scopes.push(scope);
      rows.set(cells.join(), row);
    }
  const head = ["attentions", "kind", "kernel", "by", "count", "scopes"];
  const lines = [...rows.values()].map(({ cells, scopes }) => [
    ...cells,
    String(scopes.length),
    range(scopes[0]!, scopes.at(-1)!),
  ]);
  return columns([head, ...lines], [4]);
}

function pluginLines(inspection: PluginInspection): string[] {
  const { name, version, description, options, hooks, regions, weights, attentions, components } = inspection;
  const share = (count: "weights" | "attentions"): string =>
    factsText(Object.fromEntries(Object.entries(components).map(([place, counts]) => [place, counts[count]])));
  const rows = [
    ["options", factsText(options) || "none"],
    ["hooks", hooks.join(", ")],
    ...regions.map(({ name: region, from, to, until }) => [
      "region",
      `${region}: ${until === undefined ? range(from, to) : `${from} until ${until}`}`,
    ]),
    ...(weights === 0 ? [] : [["weights", `${weights} (${share("weights")})`]]),
    ...(attentions === 0 ? [] : [["attentions", `${attentions} (${share("attentions")})`]]),
    ...Object.entries(components).flatMap(([place, { forms }]) =>
      Object.entries(forms).map(([form, count]) => ["stored", `${place}: ${count} ${form}`]),
    ),
    ...Object.entries(components).flatMap(([place, { changes }]) => {
      const text = factsText(changes);
      return text === "" ? [] : [["changes", `${place}: ${text}`]];
    }),
  ];
  return [`${name} ${version}: ${description}`, ...columns(rows).map((line) => `  ${line}`)];
}

function range(from: string, to: string): string {
  return from === to ? from : `${from} to ${to}`;
}
