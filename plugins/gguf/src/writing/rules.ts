import { namePattern } from "@skipstep/lowbit";
import { optionWrong } from "../errors";
import { type WrittenType, writtenTypeNamed, writtenTypes } from "./written-types";

/** `*.attn.to_v.weight=Q6_K` */
export interface Rule {
  readonly text: string;
  readonly type: WrittenType;
  fits(name: string): boolean;
}

/** @throws SKIPSTEP_GGUF_OPTION */
export function parseRule(text: string): Rule {
  const [, pattern, typeName = ""] = /^(.+)=([^=]+)$/.exec(text) ?? [];
  if (pattern === undefined)
    throw optionWrong(`Rule "${text}" does not look like pattern=TYPE`, "Write it like '*.to_v.weight=Q6_K'.");
  const type = writtenTypeNamed(typeName);
  const known = writtenTypes.map(({ name }) => name).join(", ");
  if (!type) throw optionWrong(`Rule "${text}" names type "${typeName}", which is not written`, `Types: ${known}.`);
  const expression = namePattern(pattern);
  return { text, type, fits: (name) => expression.test(name) };
}
