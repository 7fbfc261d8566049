import { join } from "node:path";
import { list } from "../errors/nearest";
import type { AddedToken, TokenClaim, TokenizerFolder } from "./tokenizer-folder";

/** Sentences about added tokens that a file of the folder has, and the tokenizer has not, or has with another id. */
export function claimWarnings({ path, claims }: TokenizerFolder, added: readonly AddedToken[]): string[] {
  const ids = new Map(added.map(({ content, id }) => [content, id]));
  return [...new Set(claims.map(({ file }) => file))].flatMap((file) => {
    const own = claims.filter((claim) => claim.file === file);
    const lost = own.filter(({ content }) => !ids.has(content));
    const moved = own.filter(({ content, id }) => ids.has(content) && ids.get(content) !== id);
    const [first] = moved;
    const where = join(path, file);
    return [
      ...(lost.length === 0
        ? []
        : [
            `${where} adds ${shown(lost)}, and transformers does not: another file decides. In a prompt it is taken apart.`,
          ]),
      ...(first === undefined
        ? []
        : [
            `${where} has ${shown(moved)} with ids that transformers does not use: it counts on from the vocabulary, and "${first.content}" is ${ids.get(first.content)}, not ${first.id}.`,
          ]),
    ];
  });
}

function shown(claims: readonly TokenClaim[]): string {
  const contents = claims.slice(0, 3).map(({ content }) => JSON.stringify(content));
  return list([...contents, ...(claims.length > 3 ? ["..."] : [])]);
}
