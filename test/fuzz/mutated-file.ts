import { readFileSync, writeFileSync } from "node:fs";
import { mutateBytes } from "./mutate-bytes";
import { mutateJson } from "./mutate-json";
import { mutateSafetensors } from "./mutate-safetensors";
import { mutateText } from "./mutate-text";
import type { Random } from "./random";

/** How a file is changed. */
type Mutate = (content: Buffer, random: Random) => Buffer | string;

/** By the ends of names; all other files are bytes. */
const byEnd: readonly (readonly [RegExp, Mutate])[] = [
  [/\.json$/, (content, random) => mutateJson(content.toString("utf8"), random)],
  [/\.safetensors$/, mutateSafetensors],
  [/\.(jinja|txt)$/, (content, random) => mutateText(content.toString("utf8"), random)],
];

/** One of a few sound files is changed while something is tried with it, and then as it was. */
export class MutatedFiles {
  private readonly contents: ReadonlyMap<string, Buffer>;

  constructor(
    files: readonly string[],
    private readonly mutate?: Mutate,
  ) {
    this.contents = new Map(files.map((file) => [file, readFileSync(file)]));
  }

  async with<Result>(random: Random, work: (file: string) => Promise<Result>): Promise<Result> {
    const file = random.pick([...this.contents.keys()]);
    const content = this.contents.get(file)!;
    const mutate = this.mutate ?? byEnd.find(([end]) => end.test(file))?.[1] ?? mutateBytes;
    writeFileSync(file, mutate(content, random));
    try {
      return await work(file);
    } finally {
      writeFileSync(file, content);
    }
  }
}
