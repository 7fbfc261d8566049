import { describe, expect, it } from "vitest";
import { ConfigError } from "../src/errors/config";
import { SkipstepError } from "../src/errors/error";
import { escaped, printable } from "../src/errors/printable";
import { shown } from "../src/errors/shown";

describe("a message", () => {
  it("is one line of printable text, whatever a file's names have in them", () => {
    const { message, cause } = new SkipstepError(
      "SKIPSTEP_X",
      "a\u001b[31m\u0000\r\n\tb\u2028\u2029\u202e\u2066\u009b\ufeff",
      {
        cause: "c\n",
      },
    );
    expect(message).toBe("a\\u001b[31m\\u0000\\r\\n\\tb\\u2028\\u2029\\u202e\\u2066\\u009b\\ufeff");
    expect(cause).toBe("c\n");
  });

  it("keeps letters of all scripts, and emoji that are joined of several", () => {
    const text = "Zoë – 猫 مرحبا 👩‍🚀 ❤️ a\\b";
    expect(printable(text)).toBe(text);
    expect(printable(printable("a\nb"))).toBe("a\\nb");
  });

  it("escapes halves of letters and tags behind the first plane", () => {
    expect(printable("\ud800x\u{e0041}")).toBe("\\ud800x\\udb40\\udc41");
  });

  it("is cut in the middle where it is long: what it is about and what to do stay", () => {
    const word = `${"x".repeat(100_000)}`;
    expect(printable(`No "${word}". Correct it.`)).toMatch(/^No "x{300,}…\(\d+ more\)…x+"\. Correct it\.$/);
    for (const long of [word, "ab ".repeat(50_000), "\u0000".repeat(50_000), "a \n".repeat(50_000)]) {
      expect(printable(long).length).toBeLessThan(2050);
    }
  });

  it("of a config is so for each of its mistakes", () => {
    const problem = {
      code: "SKIPSTEP_X",
      pointer: "/a\n",
      file: "f\u001b.json",
      message: "f\u001b.json#/a\n is wrong.",
    } as const;
    const { problems, message } = new ConfigError("SKIPSTEP_X", problem.message, [problem]);
    expect(problems[0]).toMatchObject({
      file: "f\\u001b.json",
      message: "f\\u001b.json#/a\\n is wrong.",
      pointer: "/a\n",
    });
    expect(message).toBe(problems[0]!.message);
  });
});

describe("escaped", () => {
  it("cuts nothing", () => {
    expect(escaped(`\u0007${"x".repeat(9000)}`)).toBe(`\\u0007${"x".repeat(9000)}`);
  });
});

describe("a value in a message", () => {
  const own: unknown[] = [];
  own.push(own);
  it.each<[unknown, string]>([
    [7n, "7n"],
    [own, "a list"],
    [{ a: 7n }, "an object"],
    [Symbol("s"), "Symbol(s)"],
    [Number.NaN, "NaN"],
    [undefined, "undefined"],
    [() => 1, "a function"],
    [new Float32Array(1_000_000), "a Float32Array"],
    ["x".repeat(100), `"${"x".repeat(56)}...`],
    [{ a: [1, null] }, '{"a":[1,null]}'],
  ])("%s", (value, text) => {
    expect(shown(value)).toBe(text);
  });
});
