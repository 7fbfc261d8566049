import { fileUnknown } from "../../errors/single-file";
import { classesIn } from "./file-part";
import type { KnownPipeline } from "./known-pipeline";
import type { ModelFile } from "./model-file";
import type { StoredFile } from "./stored-file";

/** Single files of a family's models. */
export interface SingleFiles {
  /** For people: `Stable Diffusion 1, 2`. */
  readonly title: string;
  /**
   * The pipeline that a file belongs to; `undefined` for a file of other models.
   * @param file name for notes and errors
   * @throws SKIPSTEP_FILE_UNKNOWN for one of its models that it does not run: one for inpainting, say
   */
  identify(file: string, stored: StoredFile, known: KnownFiles): KnownPipeline | undefined;
}

/** A tensor that only files of a kind have which nobody here runs, and what to call that. */
export type OtherFile = readonly [mark: RegExp, what: string];

/** What is known of files of weights, by classes of models and by families of pipelines. */
export class KnownFiles {
  /** What tensors' names begin with, in files of several models. */
  readonly prefixes: readonly string[];
  /** Tensors of no model. */
  readonly marks: readonly string[];
  private readonly byClass: ReadonlyMap<string, ModelFile>;

  /**
   * @param models by class; those that are not listed are read under the names that their files have
   * @param pipelines asked in this order
   * @param others looked for after `first` and before the rest
   * @param first pipelines that are known better than the others
   */
  constructor(
    models: Iterable<readonly [className: string, file: ModelFile]>,
    private readonly pipelines: readonly SingleFiles[],
    private readonly others: readonly OtherFile[] = [],
    private readonly first: readonly SingleFiles[] = [],
  ) {
    this.byClass = new Map(models);
    const files = [...this.byClass.values()];
    this.prefixes = [...new Set(files.flatMap((file) => file.prefixes.map(({ text }) => text)))];
    this.marks = [...new Set(files.flatMap((file) => file.marks ?? []))];
  }

  /** Each once: of several that are stored alike the first. */
  get classes(): string[] {
    const entries = [...this.byClass];
    return entries
      .filter(([, file], i) => entries.findIndex((other) => other[1].mark === file.mark) === i)
      .map(([name]) => name);
  }

  /** The way a class of models is stored in single files; `undefined` for one that is not. */
  of(className: string): ModelFile | undefined {
    return this.byClass.get(className);
  }

  /**
   * The pipeline that a single file belongs to, by the names and shapes of its tensors and by its header.
   * @throws SKIPSTEP_FILE_UNKNOWN
   */
  identify(file: string, stored: StoredFile): KnownPipeline {
    const own = this.ask(this.first, file, stored);
    if (own) return own;
    const names = [...stored.shapes.keys()];
    const other = this.others.find(([mark]) => names.some((name) => mark.test(name)));
    if (other) throw this.unknown(file, other[1]);
    const found = this.ask(this.pipelines, file, stored);
    if (found) return found;
    throw this.unknown(file, this.whatElse(stored));
  }

  /** The error for a file that none of them reads. @param what it is instead */
  unknown(file: string, what: string | undefined): Error {
    return fileUnknown(
      file,
      what,
      [...this.first, ...this.pipelines].map(({ title }) => title),
    );
  }

  private ask(pipelines: readonly SingleFiles[], file: string, stored: StoredFile): KnownPipeline | undefined {
    for (const pipeline of pipelines) {
      const found = pipeline.identify(file, stored, this);
      if (found) return found;
    }
    return undefined;
  }

  /** What is known of a file that holds no denoiser: other models, or what it says of itself. */
  private whatElse({ shapes, metadata }: StoredFile): string | undefined {
    const said = metadata["general.architecture"] ?? metadata["modelspec.architecture"];
    if (typeof said === "string" && said !== "") return `"${said}" by what it says of itself`;
    const parts = classesIn(this, shapes);
    return parts.length === 0
      ? undefined
      : `no whole model: it holds ${parts.join(", ")}, which goes into "components" of the config`;
  }
}
