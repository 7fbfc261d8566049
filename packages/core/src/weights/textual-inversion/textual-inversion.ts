/** Vectors that were learned for a word of prompts, https://arxiv.org/abs/2208.01618. */
export interface TextualInversionConfig {
  /** Absolute path of a safetensors file, or of a folder with one. */
  readonly path: string;
  /** The word; a list is one for each vector. What the file says when left out, else its name. */
  readonly token?: string | readonly string[];
}

/** Vectors for one text encoder. */
export interface LearnedVectors {
  readonly file: string;
  readonly tensor: string;
  /** Which CLIP they are for, where the file says so: `clip_l`, `clip_g`. */
  readonly encoder?: "clip_l" | "clip_g" | undefined;
  readonly count: number;
  /** Numbers of a vector. */
  readonly width: number;
}

/** A textual inversion's file, looked into. */
export interface TextualInversion {
  readonly file: string;
  /** What it calls its word, as far as it does. */
  readonly name: string;
  readonly vectors: readonly LearnedVectors[];
}
