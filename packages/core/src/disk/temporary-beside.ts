import { randomUUID } from "node:crypto";
import { ownerTag } from "./temporary-owner";
import { beginUnfinished } from "./unfinished";

/** A name beside a file or folder that no other process uses, and that tells whose it is. Ends by `endUnfinished`. */
export function temporaryBeside(place: string): string {
  const temporary = `${place}.${ownerTag()}.${randomUUID().slice(0, 8)}.tmp`;
  beginUnfinished(temporary);
  return temporary;
}
