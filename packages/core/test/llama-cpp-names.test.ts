import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Weights } from "../src/weights/checkpoint/weights";
import { shapesOf, weightsOf } from "../src/weights/single-file/file-part";
import { safetensors, temporaryFolder, write } from "./checkpoint-files";
import { partOf } from "./open-known";
import { llamaCpp } from "./original-transformers";
import { readSafetensors } from "./read-safetensors";

const golden = join(import.meta.dirname, "../../../test/golden");
const root = temporaryFolder();

it.each([
  ["t5", "T5EncoderModel"],
  ["qwen3", "Qwen3Model"],
  ["pipelines/qwen-image/text_encoder", "Qwen2_5_VLForConditionalGeneration"],
])("reads %s under llama.cpp's names", (folder, className) => {
  const name = readdirSync(join(golden, folder)).find((file) => /^model.*\.safetensors$/.test(file))!;
  const tensors = new Map(
    [...readSafetensors(join(golden, folder, name))].map(([tensor, { dtype, shape, data }]) => [
      tensor,
      { dtype, shape, bytes: data },
    ]),
  );
  const source = Weights.openFile(write(join(root, name), safetensors(Object.fromEntries(llamaCpp(tensors)))));
  const weights = weightsOf(
    source,
    partOf(shapesOf(source.names.map((tensor) => source.entry(tensor))), className, "x")!,
  );
  expect(weights.layout).toBe("llama.cpp");
  const bare = (list: Iterable<string>): string[] => [...list].map((tensor) => tensor.replace(/^model\./, "")).sort();
  expect(bare(weights.names)).toEqual(
    bare(tensors.keys()).filter((tensor) => tensor !== "encoder.embed_tokens.weight"),
  );
  for (const tensor of weights.names) {
    const expected = tensors.get(tensor) ?? tensors.get(tensor.replace(/^model\./, ""))!;
    expect(weights.read(tensor).data, tensor).toEqual(expected.bytes);
  }
  weights.close();
});
