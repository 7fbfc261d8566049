/** The most that one generation may ask for: numbers beyond are taken for a mistake, or for somebody's bad joke. */
export interface Limits {
  readonly num_inference_steps: number;
  /** Of one generation: prompts, or classes, times `num_images_per_prompt`. */
  readonly images: number;
  /** Pixels along a side. */
  readonly side: number;
  readonly max_sequence_length: number;
  /** LoRAs of one generation, and the rank of what they are beside one weight, all together. */
  readonly loras: number;
  readonly lora_rank: number;
  /** What a generation takes besides the weights, by estimate; 10^9 bytes. This machine's memory when left out. */
  readonly memory_gb?: number;
}

/** More than the schedules and sizes that models are trained on. */
export const usualLimits: Limits = {
  num_inference_steps: 1000,
  images: 256,
  side: 8192,
  max_sequence_length: 4096,
  loras: 16,
  lora_rank: 512,
};

/** The part of a config that says what is allowed, and where the memory is. */
export interface LimitChoice {
  readonly limits?: Partial<Limits> | undefined;
  readonly device?: string;
  readonly device_map?: unknown;
}
