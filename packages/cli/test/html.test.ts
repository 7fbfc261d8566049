import { describe, expect, it } from "vitest";
import { htmlDocument } from "../src/page/document";
import { html } from "../src/page/html";
import { linePath } from "../src/page/plot";
import { linearScale } from "../src/page/scale";

describe("html", () => {
  it("escapes text in elements and attributes, in lists too, and leaves markup alone", () => {
    const text = `</td><script>alert("1 & 2")</script>'`;
    const escaped = "&#60;/td&#62;&#60;script&#62;alert(&#34;1 &#38; 2&#34;)&#60;/script&#62;&#39;";
    expect(`${html`<b title="${text}">${text}${[text, 7, html`<br>`]}</b>`}`).toBe(
      `<b title="${escaped}">${escaped}${escaped}7<br></b>`,
    );
  });

  it("makes a page that may load nothing and run nothing", () => {
    const page = htmlDocument("<title>", html`<p>text</p>`);
    expect(page).toContain("<title>&#60;title&#62;</title>");
    expect(page).toContain(`content="default-src &#39;none&#39;; img-src data:; style-src &#39;unsafe-inline&#39;"`);
    expect(page).toContain(":root { color-scheme");
  });
});

describe("linearScale", () => {
  it.each([
    [
      [0.03, 0.17],
      [0, 0.05, 0.1, 0.15, 0.2],
    ],
    [
      [0, 20],
      [0, 5, 10, 15, 20],
    ],
    [
      [31, 31],
      [30, 40],
    ],
    [[0], [0, 0.2]],
    [[Number.NaN], [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [
      [-3, 4],
      [-4, -2, 0, 2, 4],
    ],
  ])("covers %j with round numbers", (values, ticks) => {
    expect(linearScale(values, [0, 100]).ticks).toEqual(ticks);
  });

  it("places numbers between its ends, upside down too", () => {
    const scale = linearScale([0, 20], [100, 0]);
    expect([0, 5, 20].map((value) => scale.place(value))).toEqual([100, 75, 0]);
  });
});

it("breaks a line where a number is missing", () => {
  const scale = linearScale([0, 10], [0, 10]);
  const points = [
    [0, 1],
    [1, 2],
    [2, Number.NaN],
    [3, 4],
  ] as const;
  expect(linePath(points, scale, scale)).toBe("M0 1L1 2M3 4");
});
