import type { SchedulerConfig } from "../config/config";
import { printable } from "../errors/printable";
import type { RecognisedModel } from "../loop/recognised-model";
import { strangeKeys } from "../text/tokenizer-keys";
import type { Component } from "../weights/checkpoint/component";
import type { Note } from "../weights/checkpoint/note";
import { indexNotes } from "./index-notes";
import { schedulerNotes } from "./scheduler-choice";

/**
 * All that readers noted of a checkpoint, its components and the models that they are; each once.
 * @param scheduler the config's
 */
export function notesOf(model: RecognisedModel, scheduler?: SchedulerConfig): Note[] {
  const { family, checkpoint, components } = model;
  const notes = [
    ...(checkpoint.notes ?? []),
    ...indexNotes(family, checkpoint),
    ...[...checkpoint.components.values()].flatMap(tokenizerNotes),
    ...[...checkpoint.components.values()].flatMap((component) => component.notes ?? []),
    ...[...components.values()].flatMap((component) => component.notes ?? []),
    ...schedulerNotes(model, scheduler),
  ];
  return [...new Map(notes.map((note) => [note.text, { ...note, text: printable(note.text) }])).values()];
}

/** Of keys in a tokenizer_config.json. */
function tokenizerNotes({ className, config, source }: Component): Note[] {
  if (!className.includes("Tokenizer")) return [];
  return strangeKeys(config).map((text) => ({ kind: "warning", text: `${source.config}: ${text}` }));
}

/** Lines for the report. */
export function noteWarnings(notes: readonly Note[]): string[] {
  return notes.filter(({ kind }) => kind === "warning").map(({ text }) => text);
}
