import type { JsonSchema } from "../schema/json-schema";
import { list } from "../schema/option";

/**
 * One setting of a generation, declared once, by the families that have it: what a config and a request may say, what
 * it is where nothing is said, and its TypeScript types.
 */
export interface Setting<Input = unknown, Value = unknown> {
  /** Of what may be said; without a default. */
  readonly schema: JsonSchema;
  /** What it is when it changes nothing. A family's `defaults` are stronger. */
  readonly neutral?: Value;
  /** Set for texts of which there is one a prompt: the setting that stands for one that is left out; "" for an empty text. */
  readonly follows?: string;
  /** What it makes of all settings, such as weights in prompts: lines for reports and `inspect`. */
  readonly notes?: (settings: Readonly<Record<string, unknown>>) => readonly string[];
  /** For types alone; never there. */
  readonly types?: readonly [Input, Value];
}

/** Settings by their names, which are the reference's. */
export type SettingTable = Readonly<Record<string, Setting>>;

/** What of a table's settings may be said. */
export type SettingInputs<Table extends SettingTable> = {
  readonly [Key in keyof Table]?: Table[Key] extends Setting<infer Input, infer _> ? Input : never;
};

type Unset<Table extends SettingTable> = {
  [Key in keyof Table]: Table[Key] extends Setting<infer _, infer Value>
    ? undefined extends Value
      ? Key
      : never
    : never;
}[keyof Table];

/** What a table's settings come to. */
export type SettingValues<Table extends SettingTable> = {
  readonly [Key in Exclude<keyof Table, Unset<Table>>]: Table[Key] extends Setting<infer _, infer Value>
    ? Value
    : never;
} & {
  readonly [Key in Unset<Table>]?: Table[Key] extends Setting<infer _, infer Value> ? Value : never;
};

/** A setting that stays unset where nothing is said. */
export function unsetSetting<Input, Value = Input>(schema: JsonSchema): Setting<Input, Value | undefined> {
  return { schema };
}

/** A setting for which the defaults of each family that has it give a value. */
export function neededSetting<Input>(schema: JsonSchema): Setting<Input, Input> {
  return { schema };
}

/** A setting that a family may leave at what changes nothing. @param neutral that value */
export function setting<Input, Value = Input>(schema: JsonSchema, neutral: Value): Setting<Input, Value> {
  return { schema, neutral };
}

/**
 * A text, or one for each prompt.
 * @param follows the setting that stands for one that is left out, declared before; "" for an empty text
 */
export function textSetting(
  description: string,
  follows?: string,
): Setting<string | readonly string[], readonly string[]> {
  const schema = { ...list(undefined, { type: "string" }, { minItems: 1, description }), type: ["string", "array"] };
  return { schema, neutral: [], ...(follows === undefined ? {} : { follows }) };
}

/** What settings make of each other. */
export function settingNotes(table: SettingTable, settings: Readonly<Record<string, unknown>>): string[] {
  return Object.values(table).flatMap(({ notes }) => notes?.(settings) ?? []);
}
