#!/usr/bin/env bash
# AI SDK 6.0.326 and 7.0.173: of what an image model tells as `providerMetadata`, `generateImage` keeps the list `images`
# and drops what stands beside it, which the provider's type allows: cost, seed or a warning of the whole call are gone
# without a word. The gateway's own provider is the one exception by its name.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund ai-6@npm:ai@6.0.326 ai-7@npm:ai@7.0.173 > /dev/null
cat > metadata.mjs <<'JS'
const told = { images: [{ seed: 7 }], cost: 0.04, seconds: 2 };
for (const [name, specificationVersion] of [["ai-6", "v3"], ["ai-7", "v4"]]) {
  const { generateImage } = await import(name);
  for (const provider of ["any", "gateway"]) {
    const model = {
      specificationVersion,
      provider,
      modelId: "any",
      maxImagesPerCall: 1,
      doGenerate: async () => ({
        images: [Uint8Array.of(1)],
        warnings: [],
        providerMetadata: { [provider]: told },
        response: { timestamp: new Date(), modelId: "any", headers: undefined },
      }),
    };
    const { providerMetadata, warnings } = await generateImage({ model, prompt: "a cat" });
    console.log(name, JSON.stringify({ providerMetadata, warnings }));
  }
}
JS
found=$(node metadata.mjs)
echo "$found"
expected='ai-6 {"providerMetadata":{"any":{"images":[{"seed":7}]}},"warnings":[]}
ai-6 {"providerMetadata":{"gateway":{"images":[{"seed":7}],"cost":0.04,"seconds":2}},"warnings":[]}
ai-7 {"providerMetadata":{"any":{"images":[{"seed":7}]}},"warnings":[]}
ai-7 {"providerMetadata":{"gateway":{"images":[{"seed":7}],"cost":0.04,"seconds":2}},"warnings":[]}'
[ "$found" = "$expected" ] || { echo "this has changed; expected $expected"; exit 1; }
