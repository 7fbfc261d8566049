import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expectClose, readSafetensors } from "@skipstep/contract/graph";
import type { PromptWeighting } from "../../src/families/prompts/read-prompt";
import { type Floats, floats } from "../../src/tensor";
import type { TextualInversionConfig } from "../../src/weights/textual-inversion/textual-inversion";
import { openClip } from "../open-clip";

interface Case {
  /** Folder below `pipelines`. */
  readonly model: string;
  readonly prompt_weighting: PromptWeighting;
  readonly long_prompts: "truncate" | "chunks";
  readonly prompt: string | readonly string[];
  /** Of several prompts, the one that was recorded. */
  readonly row?: number;
  readonly textual_inversions?: readonly TextualInversionConfig[];
}

/** States of prompts by the rules of A1111, ComfyUI and compel, and with learned words; made by `make-prompts.py`. */
export async function checkPrompts(folder: string, root: string): Promise<void> {
  const { cases }: { cases: readonly Case[] } = JSON.parse(readFileSync(join(folder, "about.json"), "utf8"));
  const io = readSafetensors(join(folder, "io.safetensors"));
  const groups = groupsOf([...cases.entries()], ([, { model, textual_inversions }]) =>
    JSON.stringify({ model, textual_inversions }),
  );
  for (const [key, group] of groups) {
    const { model, textual_inversions: uses = [] }: Pick<Case, "model" | "textual_inversions"> = JSON.parse(key);
    const placed = uses.map((use) => ({ ...use, path: join(folder, use.path) }));
    const { prompts, close } = await openClip(join(root, "pipelines", model), placed);
    try {
      for (const [i, { prompt, prompt_weighting: weighting, long_prompts, row = 0 }] of group) {
        const texts = [prompt].flat();
        const rules = { weighting, isChunked: long_prompts === "chunks" };
        const encoders = model === "sd15" ? [texts] : [texts, texts];
        const [encodings] = await prompts.encode([{ texts: encoders }], rules);
        for (const [encoder, { hidden, pooled }] of encodings!.entries()) {
          const name = `case ${i}, ${model}, ${weighting}: ${prompt}`;
          const expected = io.get(`${i}.${encoder}.hidden`);
          if (expected) expectClose(name, rowOf(hidden, row), expected);
          const sum = io.get(`${i}.${encoder}.pooled`);
          if (sum && sum.data.length > 0) expectClose(`${name}, pooled`, rowOf(pooled, row), sum);
        }
      }
    } finally {
      await close();
    }
  }
}

function rowOf({ shape: [batch, ...rest], data }: Floats, row: number): Floats {
  const length = data.length / batch!;
  return floats(rest, data.slice(row * length, (row + 1) * length));
}

function groupsOf<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
