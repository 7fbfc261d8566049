import { useState } from "preact/hooks";
import type { JsonSchema } from "../../forms";
import { type ControlProps, Field } from "./field";
import { nameOf, schemaKind, textOf, valueOfText } from "./schema-kind";

interface SchemaFieldProps {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly value: unknown;
  /** What it is when the field is left empty. */
  readonly usual?: unknown;
  readonly onChange: (value: unknown) => void;
  /** In place of the schema's name for it. */
  readonly label?: string;
  readonly isHintShown?: boolean;
}

/** A field for whatever a JSON schema describes. Left empty, it says nothing. */
export function SchemaField({ name, schema, value, usual, onChange, label, isHintShown = true }: SchemaFieldProps) {
  const [draft, setDraft] = useState<string | undefined>(undefined); // what is typed and is no value yet
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const kind = schemaKind(schema);
  const type = (text: string): void => {
    try {
      onChange(valueOfText(kind, schema, text));
      setDraft(kind === "list" || kind === "number" ? text : undefined);
      setProblem(undefined);
    } catch {
      setDraft(text);
      setProblem("This is no JSON yet.");
    }
  };
  const shown = draft ?? textOf(value);
  const placeholder = textOf(usual ?? schema.default);
  const asText = {
    value: shown,
    placeholder,
    autocomplete: "off",
    onBlur: () => problem === undefined && setDraft(undefined),
  };
  const control = (props: ControlProps) => {
    if (kind === "choice") return <Choice {...props} {...{ schema, value, usual, onChange }} />;
    if (kind === "flag")
      return (
        <input
          {...props}
          type="checkbox"
          checked={Boolean(value ?? usual ?? schema.default)}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    if (kind === "json")
      return <textarea {...props} {...asText} rows={2} onInput={(event) => type(event.currentTarget.value)} />;
    const range = kind === "number" ? numberRange(schema) : ({ type: "text" } as const);
    return <input {...props} {...asText} {...range} onInput={(event) => type(event.currentTarget.value)} />;
  };
  const hint = isHintShown ? schema.description : undefined;
  return (
    <Field name={name} label={label ?? nameOf(name)} hint={hint} problem={problem}>
      {control}
    </Field>
  );
}

interface ChoiceProps extends ControlProps {
  readonly schema: JsonSchema;
  readonly value: unknown;
  readonly usual: unknown;
  readonly onChange: (value: unknown) => void;
}

function Choice({ schema, value, usual, onChange, ...props }: ChoiceProps) {
  const choices = (schema.enum ?? []).filter((one) => one !== null) as readonly unknown[];
  const unsaid = textOf(usual ?? schema.default);
  const at = choices.indexOf(value);
  return (
    <select {...props} value={String(at)} onChange={(event) => onChange(choices[Number(event.currentTarget.value)])}>
      <option value="-1">{unsaid === "" ? "As usual" : `${unsaid} (as usual)`}</option>
      {choices.map((one, i) => (
        <option key={String(one)} value={String(i)}>
          {String(one)}
        </option>
      ))}
    </select>
  );
}

function numberRange({ type, minimum, exclusiveMinimum, maximum }: JsonSchema) {
  const isWhole = [type].flat().includes("integer");
  return {
    type: "number",
    inputMode: isWhole ? "numeric" : "decimal",
    step: isWhole ? 1 : "any",
    ...((minimum ?? exclusiveMinimum) === undefined ? {} : { min: minimum ?? exclusiveMinimum }),
    ...(maximum === undefined ? {} : { max: maximum }),
  } as const;
}
