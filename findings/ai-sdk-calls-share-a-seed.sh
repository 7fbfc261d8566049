#!/usr/bin/env bash
# AI SDK 6.0.326: `generateImage` splits `n` into several calls where a model makes fewer images at a time, and gives each
# call the same seed. A model that keeps its promise of equal images for equal seeds then draws the same image n times,
# and neither a warning nor the result says so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund ai@6.0.326 @ai-sdk/provider@3.0.19 > /dev/null
cat > seeds.mjs <<'JS'
import { generateImage } from "ai";

const seeds = [];
const model = {
  specificationVersion: "v3",
  provider: "any",
  modelId: "any",
  maxImagesPerCall: 2,
  async doGenerate({ n, seed }) {
    seeds.push({ n, seed });
    const images = Array.from({ length: n }, (_, i) => Uint8Array.of(seed, i)); // what a seed gives, in order
    return { images, warnings: [], response: { timestamp: new Date(), modelId: "any", headers: undefined } };
  },
};
const { images, warnings } = await generateImage({ model, prompt: "a cat", n: 5, seed: 7 });
const different = new Set(images.map(({ base64 }) => base64)).size;
console.log(JSON.stringify({ calls: seeds, images: images.length, different, warnings }));
JS
found=$(node seeds.mjs)
echo "ai 6.0.326: $found"
expected='{"calls":[{"n":2,"seed":7},{"n":2,"seed":7},{"n":1,"seed":7}],"images":5,"different":2,"warnings":[]}'
[ "$found" = "$expected" ] || { echo "this has changed; expected $expected"; exit 1; }
