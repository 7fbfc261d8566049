import { type CheckedConfig, planImages, readRegularFile, SkipstepError, subjectOf } from "@skipstep/core";
import { promptsUnreadable } from "../errors";
import { systemReason } from "../system-reason";
import type { DrawingOptions } from "./drawing-options";
import { type Motif, requestOf } from "./motif";

type Subject = Motif["subject"];

/**
 * What to draw: what the options say, else what the config says, else the first of the usual ones that the model can
 * draw, four at most.
 * @throws SKIPSTEP_REQUEST_PROMPTS when the file is missing or empty
 */
export function subjectsOf(config: CheckedConfig, options: DrawingOptions): Subject[] {
  const given = givenSubjects(config, options);
  if (given.length > 0) return given;
  const { examples } = subjectOf(config) ?? { examples: [""] }; // a model that draws without being told what
  return examples.filter((subject) => canDraw(config, subject)).slice(0, 4);
}

function givenSubjects(config: CheckedConfig, { prompts, prompt = [] }: DrawingOptions): Subject[] {
  const { setting } = subjectOf(config) ?? {};
  if (setting === undefined) return [];
  const isText = setting === "prompt";
  const typed = [...(prompts === undefined ? [] : readLines(prompts)), ...prompt];
  if (typed.length > 0) return isText ? typed : typed.map(classOf);
  return [config.config.generate[setting] ?? []].flat() as Subject[];
}

function canDraw(config: CheckedConfig, subject: Subject): boolean {
  try {
    planImages(config, requestOf(config, subject));
    return true;
  } catch (error) {
    if (error instanceof SkipstepError) return false;
    throw error;
  }
}

/** Digits are a class's number, all else is its name. */
function classOf(text: string): Subject {
  return /^\d+$/.test(text) ? Number(text) : text;
}

function readLines(file: string): string[] {
  let text: string;
  try {
    text = readRegularFile(file).toString();
  } catch (error) {
    throw promptsUnreadable(file, `cannot be read: ${systemReason(error)}`, error);
  }
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (lines.length === 0) throw promptsUnreadable(file, "is empty");
  return lines;
}
