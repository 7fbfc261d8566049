import { didYouMean } from "../errors/nearest";

/** Names of one thing in diffusers, OpenVINO, cache-dit, stable-diffusion.cpp and A1111. Only for suggestions. */
const synonyms: readonly (readonly string[])[] = [
  ["num_inference_steps", "steps", "sampling_steps", "sample_steps", "num_steps"],
  ["guidance_scale", "cfg_scale", "cfg-scale", "cfg", "guidance"],
  ["prompt", "positive_prompt", "positive"],
  ["negative_prompt", "negative", "uncond_prompt"],
  ["num_images_per_prompt", "batch_size", "batch_count", "batch-count", "num_images", "n", "n_iter"],
  ["seed", "rng_seed", "generator", "noise_seed"],
  ["max_sequence_length", "max_tokens", "max_length"],
  ["height", "h"],
  ["width", "w"],
  ["model", "model_path", "checkpoint", "diffusion_model", "diffusion-model", "pretrained_model_name_or_path"],
  ["scheduler", "sampler", "sampler_name", "sampling_method", "sample_method"],
  ["device", "backend", "provider", "execution_provider"],
  ["memory", "offload", "cpu_offload", "memory_mode", "enable_model_cpu_offload", "enable_sequential_cpu_offload"],
  ["plugins", "plugin", "extensions"],
  ["type", "class", "_class_name", "name"],
  ["use", "package", "plugin", "name"],
  ["threshold", "residual_diff_threshold", "rel_l1_thresh", "reuse_threshold"],
  ["warmup_steps", "max_warmup_steps", "warmup", "disable_cache_before_step"],
  ["cache_interval", "interval", "N"],
];

/**
 * `' Did you mean "num_inference_steps"?'` for a key that other tools know, or that is nearly one of `known`.
 * @param inGenerate keys that stand one level deeper, under `generate`
 */
export function suggestKey(key: string, known: readonly string[], inGenerate: readonly string[]): string {
  const same = synonymOf(key, known);
  if (same !== undefined) return ` Did you mean "${same}"?`;
  const near = didYouMean(key, known);
  if (near !== "") return near;
  const slip = synonyms
    .flat()
    .find((name) => name.length > 3 && didYouMean(key, [name]) !== "" && synonymOf(name, known));
  if (slip !== undefined) return ` Did you mean "${synonymOf(slip, known)}"?`;
  const deeper = inGenerate.find((name) => name === key) ?? synonymOf(key, inGenerate);
  return deeper === undefined ? "" : ` Did you mean "generate": { "${deeper}": ... }?`;
}

function synonymOf(key: string, known: readonly string[]): string | undefined {
  const groups = synonyms.filter((names) => names.includes(key));
  return known.find((name) => groups.some((names) => names.includes(name)));
}
