import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { device } from "../../../test/device";
import { ClipPrompts } from "../src/families/prompts/clip-prompts";
import { Turns } from "../src/memory/component";
import { Encodings } from "../src/program/encodings";
import { Runtime } from "../src/runtime/runtime";
import { applyTextualInversions } from "../src/start/apply-textual-inversions";
import { buildModels } from "../src/start/build-model";
import { validateConfig } from "../src/start/create-pipeline";
import { LateFunctions } from "../src/start/late-functions";
import { lazyEntries } from "../src/start/lazy-entries";
import { openModels } from "../src/start/open-models";
import { openTokenizers } from "../src/start/open-tokenizers";
import type { TextualInversionConfig } from "../src/weights/textual-inversion/textual-inversion";

/** The CLIPs of a checkpoint without the rest of its pipeline, as the families open them. */
export async function openClip(
  model: string,
  uses: readonly TextualInversionConfig[] = [],
): Promise<{ readonly prompts: ClipPrompts; close(): Promise<void> }> {
  const checked = await validateConfig({ model });
  const applied = applyTextualInversions(checked.model, uses);
  const { checkpoint, family, configs } = applied.model;
  const components = new Map(
    [...applied.model.components].filter(([, { component }]) => component.className.startsWith("CLIP")),
  );
  const runtime = await Runtime.start({ provider: device, threads: 1 });
  const plugins = { plugins: [] };
  const memory = { memory: "resident" } as const;
  const { models, hooks } = buildModels({ ...applied.model, components, family }, plugins, memory);
  const cacheDir = mkdtempSync(join(tmpdir(), "skipstep-clip-"));
  const open = { cacheDir, plugins, denoiser: family.denoiser, memory, turns: new Turns() };
  const opened = await openModels(models, runtime, open);
  const programs = Object.fromEntries(opened.map(({ name, program }) => [name, program]));
  const names = [...components.keys()];
  const own = Object.fromEntries(names.map((name) => [name, configs[name]]));
  const tokenizers = openTokenizers(checkpoint, own, () => undefined, undefined, applied.embeddings);
  runtime.atClose(tokenizers.close);
  const entry = lazyEntries(components, runtime, hooks, open, new LateFunctions());
  const runs = (name: string, function_?: string) =>
    function_ === undefined ? programs[name]! : entry(name, function_);
  const encodings = new Encodings({ runtime, runs, stateOf: () => "" }, 0);
  const parts = { checkpoint, runtime, programs, configs, tokenizer: tokenizers.of, encoder: encodings.of, entry };
  const isSd3 = family.className === "StableDiffusion3Pipeline";
  const state = family.className === "StableDiffusionPipeline" ? "last" : "penultimate";
  return { prompts: await ClipPrompts.open(parts, names, state, { isJoint: isSd3 }), close: () => runtime.close() };
}
