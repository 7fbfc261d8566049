/** Colours of the configs that are compared, by their position. */
export const seriesColours = ["#0b7a75", "#c4501b", "#5b4bb7", "#9a6b00", "#b3256e", "#3a6b1f"];

/** Of all pages. */
export const style = `
:root { color-scheme: light dark; --ink: #1b1d1f; --soft: #63686d; --line: #d9dcdf; --ground: #fff; --panel: #f5f6f7; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaec; --soft: #9ea4aa; --line: #3a3f44; --ground: #17191b; --panel: #212427; }
}
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; background: var(--ground); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; overflow-wrap: anywhere; }
p, dd, td, th { overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .9rem .25rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); }
td.number, th.number { text-align: right; white-space: nowrap; }
td.mark { white-space: nowrap; }
td:first-child, th:first-child { min-width: 12rem; }
tr.chosen td { font-weight: 700; }
.images { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0; max-width: 100%; }
figure img { display: block; max-width: 100%; border-radius: 4px; background: var(--panel); }
figcaption { font-size: .85rem; color: var(--soft); margin-top: .3rem; }
.swatch { display: inline-block; width: .7em; height: .7em; border-radius: 2px; margin-right: .4em; }
svg { display: block; max-width: 100%; height: auto; margin: .8rem 0; }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
svg .axis { stroke: var(--line); stroke-width: 1; }
svg .line { fill: none; stroke-width: 1.8; }
svg .threshold { stroke-width: 1.2; stroke-dasharray: 5 4; }
svg .ring { fill: none; stroke: var(--ink); stroke-width: 1.6; }
svg .step { stroke: var(--ground); }
svg .mixed { fill-opacity: .5; }
details { margin: .8rem 0; } summary { cursor: pointer; }
pre { background: var(--panel); padding: .8rem; overflow-x: auto; border-radius: 4px; font-size: 13px; }
`;
