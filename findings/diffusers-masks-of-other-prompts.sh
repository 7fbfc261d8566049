#!/usr/bin/env bash
# diffusers 0.42.1 (torch 2.13.0, CPU): with several prompts and num_images_per_prompt above 1, SANA's, Lumina 2's and
# AuraFlow's encode_prompt put a prompt's embeddings behind one another and go through the masks round by round, so that
# images are drawn with the mask of another prompt: a short prompt looks at padding, a long one loses its end. PixArt's
# pipeline repeats both alike. Seen: which prompt's embeddings and which one's mask each of four images gets.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q torch==2.13.0 diffusers==0.42.1 transformers==5.24.0
cat > masks.py <<'PY'
import torch
import diffusers

embeds = torch.stack([torch.full((3, 4), float(prompt)) for prompt in (0, 1)])
masks = torch.tensor([[1, 0, 0], [1, 1, 1]])  # a short prompt and a long one
for name in ("SanaPipeline", "Lumina2Pipeline", "AuraFlowPipeline", "PixArtSigmaPipeline"):
    kind = getattr(diffusers, name)
    parts = dict.fromkeys(("tokenizer", "text_encoder", "vae", "transformer", "scheduler"))
    options = dict(prompt_embeds=embeds, prompt_attention_mask=masks, num_images_per_prompt=2, device="cpu")
    result = kind(**parts).encode_prompt(["a", "a b c"], do_classifier_free_guidance=False, **options)
    print(f"{name}: embeddings of {result[0][:, 0, 0].int().tolist()}, masks of {result[1][:, 1].int().tolist()}")
PY
found=$(venv/bin/python masks.py 2> /dev/null)
echo "$found"
expected='SanaPipeline: embeddings of [0, 0, 1, 1], masks of [0, 1, 0, 1]
Lumina2Pipeline: embeddings of [0, 0, 1, 1], masks of [0, 1, 0, 1]
AuraFlowPipeline: embeddings of [0, 0, 1, 1], masks of [0, 1, 0, 1]
PixArtSigmaPipeline: embeddings of [0, 0, 1, 1], masks of [0, 0, 1, 1]'
[ "$found" = "$expected" ] || { echo "this has changed; expected $expected"; exit 1; }
