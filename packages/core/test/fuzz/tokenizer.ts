import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Kind } from "../../../../test/fuzz/kind";
import { MutatedFiles } from "../../../../test/fuzz/mutated-file";
import type { Random } from "../../../../test/fuzz/random";
import { copyFolder, golden, root } from "../../../../test/fuzz/seeds";
import { loadTokenizer } from "../../src/text/tokenizer";

/** By folder: the class that `model_index.json` says. */
const tokenizers: Readonly<Record<string, string | undefined>> = {
  clip: "CLIPTokenizer",
  "clip-bang": "CLIPTokenizer",
  "clip-files": "CLIPTokenizer",
  t5: "T5TokenizerFast",
  "t5-spiece": "T5Tokenizer",
  emoji: "AutoTokenizer",
};

const prompts = ["a photo of an astronaut, riding!", "  Ünïcode 😀 \u00a0 x ", ""];

async function encode(folder: string, className: string | undefined): Promise<boolean> {
  const tokenizer = loadTokenizer(folder, className);
  tokenizer.encode(prompts, { maxLength: 16, padding: "max_length", truncation: true });
  return false;
}

function copies(folder: string): { path: string; className: string | undefined }[] {
  return Object.entries(tokenizers).map(([name, className]) => {
    const from = name === "emoji" ? join(root, "models/emoji/tokenizer") : join(golden, "tokenizers", name);
    return { path: copyFolder(from, join(folder, name)), className };
  });
}

function tokenizerKind(name: string, weight: number, files: RegExp): Kind {
  return {
    name,
    weight,
    prepare({ folder }) {
      const subjects = copies(folder).flatMap(({ path, className }) => {
        const found = readdirSync(path).filter((file) => files.test(file) && file !== "vocab.json.gz");
        if (found.length === 0) return [];
        return [{ path, className, mutated: new MutatedFiles(found.map((file) => join(path, file))) }];
      });
      return {
        attempt(random: Random) {
          const { path, className, mutated } = random.pick(subjects);
          return mutated.with(random, () => encode(path, className));
        },
        sound: () => Promise.all(subjects.map(({ path, className }) => encode(path, className))),
      };
    },
  };
}

export const tokenizerKinds: readonly Kind[] = [
  tokenizerKind("tokenizer.json", 5, /^tokenizer\.json$/),
  tokenizerKind("tokenizer_config.json", 3, /^(tokenizer_config|special_tokens_map|added_tokens)\.json$/),
  tokenizerKind("vocab.json, merges.txt", 2, /^(vocab\.json|merges\.txt)$/),
  tokenizerKind("spiece.model", 3, /^spiece\.model$/),
];
