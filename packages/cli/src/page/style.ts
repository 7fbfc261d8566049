/** Colours of the configs that are compared, by their position: each is told from the ground in light and in dark. */
export const seriesColours = ["1", "2", "3", "4", "5", "6"].map((number) => `var(--series-${number})`);

/** Of all pages. */
export const style = `
:root { color-scheme: light dark; --ink: #1b1d1f; --soft: #5b6065; --line: #d9dcdf; --ground: #fff; --panel: #f5f6f7;
  --alarm: #a3190b; --focus: #0b57d0; --zoom: 1; --x: 50%; --y: 50%;
  --series-1: #0b7a75; --series-2: #b8480f; --series-3: #5b4bb7; --series-4: #8a6000; --series-5: #b3256e; --series-6: #3a6b1f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaec; --soft: #a9afb5; --line: #3f454b; --ground: #17191b; --panel: #212427; --alarm: #ff9a8a; --focus: #8ab4f8;
    --series-1: #3fc2b8; --series-2: #f0905a; --series-3: #a99bff; --series-4: #d9ad45; --series-5: #f07fb8; --series-6: #93cc70; }
}
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; background: var(--ground); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; overflow-wrap: anywhere; }
h2 { scroll-margin-top: 6rem; } h2:target { border-left: 4px solid var(--focus); padding-left: .5rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; overflow-wrap: anywhere; }
p, dd, td, th, li { overflow-wrap: anywhere; }
a { color: inherit; text-underline-offset: 2px; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 2px; }
.soft { color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .9rem .25rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); }
td.number, th.number { text-align: right; white-space: nowrap; }
td.mark { white-space: nowrap; }
td.worst { font-weight: 700; color: var(--alarm); }
td:first-child, th:first-child { min-width: 9rem; }
tr.chosen td { font-weight: 700; }
.badge { border: 1px solid var(--alarm); color: var(--alarm); border-radius: 999px; padding: 0 .5em; font-size: .8rem;
  font-weight: 600; white-space: nowrap; }
.images { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
figure { margin: 0; width: min-content; max-width: 100%; }
.frame { max-width: 100%; overflow: hidden; border-radius: 4px; background: var(--panel); margin-bottom: .3rem; }
.frame img { display: block; width: 100%; height: auto; transform: scale(var(--zoom)); transform-origin: var(--x) var(--y); }
:root:not(:has(#zoom-1:checked)) .frame img { image-rendering: pixelated; }
figcaption { font-size: .85rem; color: var(--soft); overflow-wrap: anywhere; }
.lens { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; padding: .5rem 0;
  background: var(--ground); border-bottom: 1px solid var(--line); font-size: .85rem; }
.lens fieldset { border: 0; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem .7rem; align-items: center; }
.lens legend { float: left; padding: 0; margin-right: .5rem; color: var(--soft); }
.lens label { display: inline-flex; gap: .25rem; align-items: center; min-height: 24px; cursor: pointer; }
@media (max-width: 40rem), (max-height: 30rem) { .lens { position: static; } h2 { scroll-margin-top: 0; } }
:root:has(#show-images:checked) .difference, :root:has(#show-differences:checked) .picture { display: none; }
.swatch { display: inline-block; width: .7em; height: .7em; border-radius: 2px; margin-right: .4em; }
svg { display: block; max-width: 100%; height: auto; margin: .8rem 0; }
@media (max-width: 40rem) { .wide svg.plot { min-width: 34rem; } .wide > p { position: sticky; left: 0; } }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
svg .axis { stroke: var(--line); stroke-width: 1; }
svg .line { fill: none; stroke-width: 1.8; }
svg .threshold { stroke-width: 1.2; stroke-dasharray: 5 4; }
svg .ring { fill: none; stroke: var(--ink); stroke-width: 1.6; }
svg .step { stroke-width: 1.4; }
svg .mixed { fill-opacity: .45; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; margin: .4rem 0; list-style: none; font-size: .85rem; }
.legend svg { display: inline-block; vertical-align: -.15em; margin: 0 .35em 0 0; }
details { margin: .8rem 0; } summary { cursor: pointer; }
pre { background: var(--panel); padding: .8rem; overflow-x: auto; border-radius: 4px; font-size: 13px; }
@media print { .lens { display: none; } }
`;
