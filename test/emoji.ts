import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConfigInput } from "@skipstep/core";
import { afterAll } from "vitest";

/** The shipped model, in few steps; `more` is put over it. */
export function emojiConfig(more: Partial<ConfigInput> = {}): ConfigInput {
  const { generate, ...rest } = more;
  return {
    model: join(import.meta.dirname, "../models/emoji"),
    generate: { num_inference_steps: 4, guidance_scale: 2, height: 128, width: 128, seed: 42, ...generate },
    ...rest,
  };
}

/** A folder that is removed when the tests of the file are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "skipstep-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
