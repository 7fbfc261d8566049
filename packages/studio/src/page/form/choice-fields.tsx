import type { ModelForm, PluginForm } from "../../forms";
import { changeVariant, pluginChoice, type Values, variant, withValue } from "./draft";
import { Field } from "./field";
import { SchemaField } from "./schema-field";

/** The scheduler, and its options where one is chosen. */
export function SchedulerFields({ form }: { form: ModelForm }) {
  const { scheduler } = variant.value;
  const schema = scheduler && form.schedulers[scheduler.type];
  const choose = (type: string): void => changeVariant({ scheduler: type === "" ? undefined : { type, options: {} } });
  return (
    <>
      <Field name="scheduler" label="Scheduler">
        {(props) => (
          <select {...props} value={scheduler?.type ?? ""} onChange={(event) => choose(event.currentTarget.value)}>
            <option value="">Own: {form.scheduler}</option>
            {Object.keys(form.schedulers).map((type) => (
              <option key={type} value={type}>
                {type}
              </option>
            ))}
          </select>
        )}
      </Field>
      {scheduler && schema && (
        <Options
          title="Options of the scheduler"
          schemas={schema.properties}
          values={scheduler.options}
          onChange={(options) => changeVariant({ scheduler: { type: scheduler.type, options } })}
          isDefaultShown={false}
        />
      )}
    </>
  );
}

/** Plugins that this server lets requests use. */
export function PluginFields({ form }: { form: ModelForm }) {
  const { plugins } = variant.value;
  const on = form.plugins.filter(({ use, configured }) => pluginChoice(plugins, use, configured).isOn);
  return (
    <fieldset data-field="plugins">
      <legend>Plugins</legend>
      {form.plugins.length === 0 && (
        <p class="hint">
          None here. <code>skipstep serve --allow-plugin @skipstep/plugin-fbcache</code> lets this page use one.
        </p>
      )}
      {form.plugins.map((plugin) => (
        <PluginField key={plugin.use} plugin={plugin} others={on.filter(({ use }) => use !== plugin.use)} />
      ))}
    </fieldset>
  );
}

function PluginField({ plugin, others }: { plugin: PluginForm; others: readonly PluginForm[] }) {
  const { use, name, description, options: schema, configured, conflicts } = plugin;
  const { plugins } = variant.value;
  const { isOn, options } = pluginChoice(plugins, use, configured);
  const change = (choice: { isOn: boolean; options: Values }): void =>
    changeVariant({ plugins: { ...variant.peek().plugins, [use]: choice } });
  const rival = others.find((other) => conflicts.includes(other.name) || other.conflicts.includes(name));
  return (
    <div class="plugin">
      <label class="check">
        <input
          type="checkbox"
          checked={isOn}
          aria-describedby={`plugin-${name}`}
          onChange={(event) => change({ isOn: event.currentTarget.checked, options })}
        />
        {name}
      </label>
      <p class="hint" id={`plugin-${name}`}>
        {description}
      </p>
      {isOn && rival && <p class="why">It does not go together with {rival.name}: choose one of them.</p>}
      {isOn && (
        <Options
          title={`Options of ${name}`}
          schemas={schema.properties}
          values={options}
          onChange={(changed) => change({ isOn, options: changed })}
        />
      )}
    </div>
  );
}

interface OptionsProps {
  readonly title: string;
  readonly schemas: ModelForm["settings"] | undefined;
  readonly values: Values;
  readonly onChange: (values: Values) => void;
  /** Not where what is left out is another's to say. */
  readonly isDefaultShown?: boolean;
}

function Options({ title, schemas = {}, values, onChange, isDefaultShown = true }: OptionsProps) {
  const entries = Object.entries(schemas);
  if (entries.length === 0) return null;
  const set = Object.keys(values).length;
  return (
    <details>
      <summary>
        {title} {set > 0 && <span class="badge">{set} set</span>}
      </summary>
      <div class="folded">
        {entries.map(([name, { default: usual, ...schema }]) => (
          <SchemaField
            key={name}
            name={name}
            label={name}
            schema={schema}
            value={values[name]}
            usual={isDefaultShown ? usual : undefined}
            onChange={(value) => onChange(withValue(values, name, value))}
          />
        ))}
      </div>
    </details>
  );
}

/** LoRAs that the operator named, each with its scale. */
export function LoraFields({ form }: { form: ModelForm }) {
  const { loras } = variant.value;
  if (form.loras.length === 0) return null;
  const set = (name: string, scale: number | undefined): void =>
    changeVariant({ loras: withValue(loras, name, scale) as Readonly<Record<string, number>> });
  return (
    <fieldset data-field="lora">
      <legend>LoRAs</legend>
      {form.loras.map((name) => (
        <div class="lora" key={name}>
          <label class="check">
            <input
              type="checkbox"
              checked={loras[name] !== undefined}
              onChange={(event) => set(name, event.currentTarget.checked ? 1 : undefined)}
            />
            {name}
          </label>
          <input
            type="number"
            step="any"
            aria-label={`Scale of ${name}`}
            disabled={loras[name] === undefined}
            value={loras[name] ?? 1}
            onInput={({ currentTarget: { value } }) => set(name, value === "" ? 1 : Number(value))}
          />
        </div>
      ))}
    </fieldset>
  );
}
