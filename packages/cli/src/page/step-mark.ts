import { type Html, html } from "./html";

/** What became of a step, in charts and in strips alike: a full mark was computed, an empty one was reused. */
export type Verdict = "computed" | "reused" | "mixed" | "not run";

/** With separate guidance each branch has an answer of its own, so that both may be. */
export function verdictOf(isComputed: boolean, isReused: boolean): Verdict {
  if (isComputed && isReused) return "mixed";
  return isReused ? "reused" : isComputed ? "computed" : "not run";
}

/** What fills a mark. */
export function fillOf(verdict: Verdict, colour: string): string {
  return verdict === "reused" || verdict === "not run" ? "var(--ground)" : colour;
}

const meanings: Readonly<Record<Exclude<Verdict, "not run">, string>> = {
  computed: "computed at this step",
  reused: "reused from an earlier one",
  mixed: "computed for one guidance branch, reused for the other",
};

/** The marks with their meanings, once for all charts and strips of a page. */
export function stepLegend(): Html {
  return html`<ul class="legend">${Object.entries(meanings).map(
    ([verdict, text]) =>
      html`<li><svg width="34" height="14" viewBox="0 0 34 14" aria-hidden="true"><circle class="${verdict}" cx="7" cy="7" r="4.5" stroke="var(--ink)" fill="${fillOf(verdict as Verdict, "var(--ink)")}"/><rect class="${verdict}" x="18" y="1" width="14" height="12" stroke="var(--ink)" fill="${fillOf(verdict as Verdict, "var(--ink)")}"/></svg>${text}</li>`,
  )}<li>broken line: what differences are held against</li></ul>`;
}
