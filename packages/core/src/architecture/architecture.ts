import type { Structure } from "../architecture/structure";
import type { Graph } from "../graph/graph";
import type { ModelFile } from "../weights/single-file/model-file";
import type { Float32Part } from "./float32-part";

/** Emits one function of a model: declares its inputs, emits its nodes, declares its outputs. */
export type Emit<Config> = { emit(g: Graph, config: Config): void }["emit"]; // a method, so that lists of architectures may forget Config

/** Takes a sentence without the name of the file that it is about. */
export type Warn = (sentence: string) => void;

/** One class of models: how its config.json is read, and how its graphs are built. */
export interface Architecture<Config = unknown> {
  /** As in `model_index.json`: `AutoencoderKL`. */
  readonly className: string;
  /** What checkpoints call the class besides: as it was called once, or with a head that is not run. */
  readonly aliases?: readonly string[];
  /**
   * Checks the component's config.json and fills in the reference's defaults.
   * @param warn told of what the reference's class does not know and leaves out, as it is left out here
   * @throws SKIPSTEP_MODEL_OPTION names every option that changes the computation and is not supported
   */
  parse(raw: unknown, warn?: Warn): Config;
  /** The model's functions by name: `encode`, `decode`. */
  readonly entries: Readonly<Record<string, Emit<Config>>>;
  /** Of several, the one that families run that say nothing else. */
  readonly mainEntry?: string;
  /** How its tensors are named in files; as it names them itself when left out. */
  readonly file?: ModelFile;
  /**
   * Of text encoders that textual inversions are for: the embeddings of tokens `[vocab_size, hidden_size]`, both of which
   * are options of the config. Rows are added to it.
   */
  readonly tokenEmbedding?: RegExp;
  /** What computes in float32 where the rest computes in float16. */
  float32?(config: Config): readonly Float32Part[];
  /** Tensors of such models that no function here computes with. */
  withoutEffect?(config: Config): RegExp;
  /** What plugins may know before anything is loaded; denoisers only. */
  structure?(config: Config): Structure;
}

/** One function of one architecture: what a component of a pipeline runs. */
export interface ArchitectureEntry {
  readonly architecture: Architecture;
  /** A key of the architecture's `entries`. */
  readonly entry: string;
}
