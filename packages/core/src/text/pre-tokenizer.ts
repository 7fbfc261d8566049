import { tokenizerUnsupported } from "../errors/text";
import type { Part } from "./tokenizer-folder";

/** GPT-2's pattern, which a ByteLevel part with `use_regex` splits by. */
const byteLevelPattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/**
 * A tokenizer.json pre-tokenizer in terms that the JavaScript library treats as the Rust one does. The library's own
 * regular expressions take JavaScript's whitespace (with U+FEFF, without U+0085), those given as a Split pattern take
 * Unicode's; and its Metaspace does not split.
 *
 * @throws SKIPSTEP_TOKENIZER_UNSUPPORTED
 */
export function forLibrary(part: Part | null, file: string): Part | null {
  if (part === null) return null;
  switch (part.type) {
    case "Sequence":
      return {
        ...part,
        pretokenizers: (part.pretokenizers as readonly Part[]).map((inner) => forLibrary(inner, file)),
      };
    case "ByteLevel":
      if (part.use_regex === false || part.add_prefix_space === true) return part;
      return sequence(split(byteLevelPattern, "Isolated"), { ...part, use_regex: false });
    case "WhitespaceSplit":
      return split("\\s+", "Removed");
    case "Metaspace": {
      const mark = (part.replacement ?? "▁") as string;
      const prepend = part.prepend_scheme ?? (part.add_prefix_space === false ? "never" : "always");
      const metaspace = { ...part, prepend_scheme: prepend };
      return part.split === false
        ? metaspace
        : sequence(metaspace, split(`${mark}[^${mark}]*|[^${mark}]+`, "Isolated"));
    }
    case "Split": {
      const behavior = String(part.behavior);
      if (behavior !== "Isolated" && behavior !== "Removed")
        throw tokenizerUnsupported(
          file,
          "pre_tokenizer Split",
          `its behavior is "${behavior}", supported are Isolated, Removed`,
        );
      return part;
    }
    default:
      return part;
  }
}

function sequence(...pretokenizers: Part[]): Part {
  return { type: "Sequence", pretokenizers };
}

function split(regex: string, behavior: "Isolated" | "Removed"): Part {
  return { type: "Split", pattern: { Regex: regex }, behavior, invert: false };
}
