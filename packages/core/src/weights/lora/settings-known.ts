import { loraKind } from "../../errors/lora";
import type { JsonObject } from "../../schema/json";

/** Settings that say how an adapter was trained or where it goes, which its tensors' names say as well. */
const harmless = new Set([
  ..."auto_mapping base_model_name_or_path revision task_type inference_mode peft_version parent_library".split(" "),
  ..."target_modules exclude_modules layers_to_transform layers_pattern lora_dropout init_weights".split(" "),
  ..."loftq_config eva_config corda_config lora_ga_config runtime_config megatron_core megatron_config".split(" "),
  ..."rank_dropout module_dropout rank_dropout_scale decompose_both decompose_factor use_effective_conv2d".split(" "),
  ..."ensure_weight_tying qalora_group_size".split(" "),
  "fan_in_fan_out", // of layers that store their weights turned, which no diffusion model has; PEFT ignores it elsewhere
]);

/** Settings that are followed. */
const used = new Set(
  "peft_type r lora_alpha alpha rank_pattern alpha_pattern use_rslora use_dora bias lora_bias modules_to_save".split(
    " ",
  ),
);

/** Ways to begin a training that leave the model as it is. */
const beginnings = /^(gaussian|eva|orthogonal|lycoris)$/;

/** Ways that leave something else in the model's weights than what is in its files. */
const changesWeights = /^(pissa|olora|corda|loftq|lora_ga|lora-ga)/;

/**
 * Looks through PEFT's settings.
 * @param component that they are for, where they say it
 * @returns a line for each that was not understood
 * @throws SKIPSTEP_LORA_KIND for those that make something else of the adapter than a LoRA, LoHa or LoKr
 */
export function checkSettings(file: string, settings: JsonObject, component: string): string[] {
  const { peft_type, init_lora_weights } = settings;
  const keyOf = (key: string): string => (component === "" ? key : `${component}.${key}`);
  if (typeof peft_type === "string" && !["LORA", "LOHA", "LOKR"].includes(peft_type))
    throw loraKind(file, keyOf("peft_type"), `an adapter of type ${peft_type}`);
  if (typeof init_lora_weights === "string" && changesWeights.test(init_lora_weights))
    throw loraKind(
      file,
      keyOf("init_lora_weights"),
      `a LoRA on top of other weights than the model's (${init_lora_weights})`,
    );
  for (const key of ["layer_replication", "use_qalora", "use_bdlora", "alora_invocation_tokens", "arrow_config"])
    if (isSaid(settings[key])) throw loraKind(file, keyOf(key), `a LoRA with ${key}`);
  const unknown = Object.entries(settings).filter(
    ([key, value]) => !harmless.has(key) && !used.has(key) && isSaid(value) && !isBeginning(key, value),
  );
  return unknown.map(([key]) => `${file}: its setting "${keyOf(key)}" is not known, and was not followed.`);
}

function isBeginning(key: string, value: unknown): boolean {
  return key === "init_lora_weights" && (typeof value === "boolean" || beginnings.test(String(value)));
}

/** Not what PEFT writes for a setting that nobody made. */
function isSaid(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}
