import { join } from "node:path";
import { didYouMean } from "../errors/nearest";
import { isControlNet } from "../loop/control-nets";
import type { Family } from "../loop/family";
import type { Checkpoint } from "../weights/checkpoint/checkpoint";
import type { Note } from "../weights/checkpoint/note";
import { tokenizerName } from "./open-tokenizers";

/** Warnings of what `model_index.json` has and the family's pipeline does not know. */
export function indexNotes(
  { components, others = [], controlNets, className }: Family,
  checkpoint: Checkpoint,
): Note[] {
  const names = Object.keys(components);
  const known = [...names, ...names.map(tokenizerName), "scheduler", ...others];
  const given = [...checkpoint.components.keys(), ...Object.keys(checkpoint.options)];
  return given
    .filter((key) => !known.includes(key) && !(controlNets && isControlNet(key)))
    .map((key) => ({
      kind: "warning",
      text: `${join(checkpoint.folder, "model_index.json")}: a ${className} has no "${key}"; it is ignored, as diffusers ignores it.${didYouMean(key, known)}`,
    }));
}
