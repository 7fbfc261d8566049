import type { ModelForm } from "../../forms";
import { commonNames, imageCount, pictures, previewCount, settingValue, setValue, usualValue } from "./draft";
import { Field } from "./field";
import { SchemaField } from "./schema-field";
import { nameOf } from "./schema-kind";

/** Those that have a place of their own in the form. */
const placed: readonly string[] = [
  ...commonNames,
  "num_inference_steps",
  "guidance_scale",
  "strength",
  "padding_mask_crop",
];

function Setting({ form, name, isHintShown = true }: { form: ModelForm; name: string; isHintShown?: boolean }) {
  const schema = form.settings[name];
  if (!schema) return null;
  const limit = name === "num_inference_steps" ? { maximum: form.limits.steps } : {};
  return (
    <SchemaField
      key={name}
      name={name}
      schema={{ ...schema, ...limit }}
      value={settingValue(name)}
      usual={usualValue(form, name)}
      onChange={(value) => setValue(name, value)}
      isHintShown={isHintShown}
    />
  );
}

/** What is drawn, in the words of the model: a prompt, or a class. */
export function SubjectFields({ form }: { form: ModelForm }) {
  const { subject, settings } = form;
  return (
    <>
      {subject === "prompt" ? (
        <Field name="prompt" label="Prompt">
          {(props) => (
            <textarea
              {...props}
              rows={3}
              value={String(settingValue("prompt") ?? "")}
              placeholder="What the image shows"
              onInput={(event) => setValue("prompt", event.currentTarget.value || undefined)}
            />
          )}
        </Field>
      ) : (
        subject !== null && <Setting form={form} name={subject} />
      )}
      {settings.negative_prompt && (
        <Field name="negative_prompt" label={nameOf("negative_prompt")}>
          {(props) => (
            <input
              {...props}
              autocomplete="off"
              value={String(settingValue("negative_prompt") ?? "")}
              onInput={(event) => setValue("negative_prompt", event.currentTarget.value || undefined)}
            />
          )}
        </Field>
      )}
    </>
  );
}

/** Width, height, seed, and how many. */
export function CommonFields({ form }: { form: ModelForm }) {
  const { size_multiple: multiple, limits, settings } = form;
  const side = (name: "width" | "height") =>
    settings[name] && (
      <SchemaField
        name={name}
        schema={{ type: "integer", minimum: 1, maximum: limits.side }}
        value={settingValue(name)}
        usual={usualValue(form, name)}
        onChange={(value) => setValue(name, value)}
      />
    );
  return (
    <div class="columns">
      {side("width")}
      {side("height")}
      {settings.seed && (
        <Field name="seed" label="Seed">
          {(props) => (
            <input
              {...props}
              type="number"
              min={0}
              step={1}
              placeholder="random"
              value={String(settingValue("seed") ?? "")}
              onInput={({ currentTarget: { value } }) => setValue("seed", value === "" ? undefined : Number(value))}
            />
          )}
        </Field>
      )}
      <Field name="n" label="Images">
        {(props) => (
          <input
            {...props}
            type="number"
            min={1}
            max={limits.n}
            step={1}
            value={imageCount.value}
            onInput={({ currentTarget: { value } }) => {
              imageCount.value = Math.max(1, Math.min(limits.n, Math.floor(Number(value)) || 1));
            }}
          />
        )}
      </Field>
      {multiple > 1 && <p class="hint across">Sides are multiples of {multiple}.</p>}
    </div>
  );
}

/** Those that most people change. */
export function MainSettings({ form }: { form: ModelForm }) {
  const hasImage = "image" in pictures.value && !form.looks_at_images;
  return (
    <div class="columns">
      <Setting form={form} name="num_inference_steps" isHintShown={false} />
      <Setting form={form} name="guidance_scale" isHintShown={false} />
      {hasImage && (
        <div class="across">
          <Setting form={form} name="strength" />
        </div>
      )}
      {hasImage && "mask" in pictures.value && (
        <div class="across">
          <Setting form={form} name="padding_mask_crop" />
        </div>
      )}
    </div>
  );
}

/** All others, folded away. */
export function OtherSettings({ form }: { form: ModelForm }) {
  const names = Object.keys(form.settings).filter((name) => !placed.includes(name) && name !== form.subject);
  const set = names.filter((name) => settingValue(name) !== undefined).length;
  return (
    <details>
      <summary>More settings {set > 0 && <span class="badge">{set} set</span>}</summary>
      <div class="folded">
        <SchemaField
          name="previews"
          schema={previews}
          value={previewCount.value}
          onChange={(count) => {
            if (typeof count === "number") previewCount.value = count;
          }}
        />
        {names.map((name) => (
          <Setting key={name} form={form} name={name} />
        ))}
      </div>
    </details>
  );
}

const previews = {
  type: "integer",
  minimum: 0,
  maximum: 100,
  description: "Times that an image is shown while it is drawn. Each costs a run of the decoder.",
};
