import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { refused } from "./draft";

/** What a control takes from the field around it. */
export interface ControlProps {
  readonly id: string;
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": true | undefined;
}

interface FieldProps {
  /** Of the setting, as refusals name it. */
  readonly name: string;
  readonly label: ComponentChildren;
  readonly hint?: ComponentChildren;
  /** Why what was typed is none. */
  readonly problem?: string | undefined;
  readonly children: (props: ControlProps) => ComponentChildren;
}

/** A control with its name, what it is for, and what is wrong with it. */
export function Field({ name, label, hint, problem, children }: FieldProps) {
  const id = useId();
  const why = problem ?? (refused.value?.param === name ? refused.value.message : undefined);
  const described = [hint ? `${id}-hint` : "", why ? `${id}-why` : ""].filter((one) => one !== "").join(" ");
  return (
    <div class="field" data-field={name}>
      <label class="name" for={id}>
        {label}
      </label>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": why ? true : undefined })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {why && (
        <p class="why" id={`${id}-why`}>
          {why}
        </p>
      )}
    </div>
  );
}
