import { type Html, html } from "./html";

/**
 * Controls that enlarge a part of all images of a page at once: places that are looked at stay together, by CSS alone.
 * Each group is one stop of the Tab key, and arrows move within it.
 */

/** Times. */
const zooms = [1, 2, 4, 8] as const;

/** Percent of the width or the height, with a word for each. */
const across = { 0: "left", 25: "left of the middle", 50: "middle", 75: "right of the middle", 100: "right" } as const;
const down = { 0: "top", 25: "above the middle", 50: "middle", 75: "below the middle", 100: "bottom" } as const;

/** @param withDifferences whether there are difference maps to show or hide */
export function lens(withDifferences: boolean): Html {
  return html`<div class="lens" role="group" aria-label="Look at all images">
${choice("zoom", "zoom", Object.fromEntries(zooms.map((zoom) => [zoom, `${zoom} ×`])), "1")}
${places("x", "across", across)}
${places("y", "down", down)}
${withDifferences ? choice("show", "show", { both: "both", images: "images", differences: "differences" }, "both") : ""}
</div>`;
}

/** What the controls do. */
export const lensStyle: string = [
  ...zooms.map((zoom) => `:root:has(#zoom-${zoom}:checked) { --zoom: ${zoom}; }`),
  ...Object.keys(across).map((place) => `:root:has(#x-${place}:checked) { --x: ${place}%; }`),
  ...Object.keys(down).map((place) => `:root:has(#y-${place}:checked) { --y: ${place}%; }`),
].join("\n");

function choice(name: string, legend: string, values: Readonly<Record<string, string>>, usual: string): Html {
  return html`<fieldset><legend>${legend}</legend>${Object.entries(values).map(
    ([value, text]) =>
      html`<label><input type="radio" name="${name}" id="${name}-${value}"${value === usual ? html` checked` : ""}>${text}</label>`,
  )}</fieldset>`;
}

/** Named for those who do not see where a button stands in its row. */
function places(name: string, legend: string, values: Readonly<Record<string, string>>): Html {
  return html`<fieldset><legend>${legend}</legend>${Object.entries(values).map(
    ([value, text]) =>
      html`<input type="radio" name="${name}" id="${name}-${value}" aria-label="${text}" title="${text}"${value === "50" ? html` checked` : ""}>`,
  )}</fieldset>`;
}
