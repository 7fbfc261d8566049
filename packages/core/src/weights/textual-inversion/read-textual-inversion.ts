import { basename } from "node:path";
import { isFolder, namesIn } from "../../disk/on-disk";
import { embeddingInvalid, embeddingMissing, embeddingPickle } from "../../errors/textual-inversion";
import { findSafetensors } from "../checkpoint/find-safetensors";
import { Weights } from "../checkpoint/weights";
import type { LearnedVectors, TextualInversion } from "./textual-inversion";

/** How diffusers names the file in a folder. */
const usual = ["learned_embeds.safetensors"];
const pickle = /\.(pt|pth|bin|ckpt)$/i;

/** Of one file: many more than a prompt has room for. */
const mostVectors = 1024;

/** Tensors by which files tell apart what is for which encoder of Stable Diffusion XL and 3. */
const encoders: Readonly<Record<string, LearnedVectors["encoder"]>> = {
  clip_l: "clip_l",
  clip_g: "clip_g",
  text_encoders_0: "clip_l",
  text_encoders_1: "clip_g",
};
/** What A1111 calls the tensor, whose name says nothing then. */
const unnamed = ["emb_params", "string_to_param.*"];

/** The file that a textual inversion lies in. @throws SKIPSTEP_TEXTUAL_INVERSION_MISSING, SKIPSTEP_TEXTUAL_INVERSION_INVALID for a pickle */
export function findTextualInversion(path: string): string {
  const others = isFolder(path) ? namesIn(path) : [];
  const isPickle =
    others.length > 0
      ? !others.some((name) => name.endsWith(".safetensors")) && others.some((name) => pickle.test(name))
      : pickle.test(path);
  return findSafetensors(path, usual, (what) =>
    isPickle && !what.startsWith("there is no") ? embeddingPickle(path) : embeddingMissing(path, what),
  );
}

/**
 * Looks into a textual inversion's file: diffusers' `learned_embeds.safetensors`, whose one tensor is named after its
 * word, A1111's `emb_params`, or `clip_l` and `clip_g` of Stable Diffusion XL. Reads no vectors.
 * @throws SKIPSTEP_TEXTUAL_INVERSION_MISSING, SKIPSTEP_TEXTUAL_INVERSION_INVALID, and what `Weights.openFile` throws
 */
export function readTextualInversion(path: string): TextualInversion {
  const file = findTextualInversion(path);
  const weights = Weights.openFile(file);
  try {
    const { names } = weights;
    const others = names.filter((name) => encoders[name] === undefined);
    if (names.length === 0) throw embeddingInvalid(file, "has no tensors");
    if (names.length > 1 && others.length > 0)
      throw embeddingInvalid(
        file,
        `has ${names.length} tensors, among them "${others[0]}": one for a word, or clip_l and clip_g, make a textual inversion`,
      );
    const vectors = names.map((name) => learnedVectors(file, name, weights.entry(name).shape));
    const [only] = names;
    const isNamed = names.length === 1 && encoders[only!] === undefined && !unnamed.includes(only!);
    return { file, vectors, name: isNamed ? only! : basename(file, ".safetensors") };
  } finally {
    weights.close();
  }
}

function learnedVectors(file: string, tensor: string, shape: readonly number[]): LearnedVectors {
  const [count, width] = shape.length === 1 ? [1, shape[0]!] : (shape as [number, number]);
  if (shape.length < 1 || shape.length > 2 || count < 1 || width < 1)
    throw embeddingInvalid(
      file,
      `has "${tensor}" of shape [${shape.join(", ")}], and vectors are [width] or [vectors, width]`,
    );
  if (count > mostVectors) throw embeddingInvalid(file, `has ${count} vectors, and ${mostVectors} is the most`);
  return { file, tensor, encoder: encoders[tensor], count, width };
}
