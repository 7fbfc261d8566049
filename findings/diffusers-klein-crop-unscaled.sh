#!/usr/bin/env bash
# diffusers 0.42.1, Flux2KleinInpaintPipeline with padding_mask_crop: what was drawn is put back by apply_overlay, which
# every other inpainting pipeline uses to scale the whole drawing down into the part that was cut out. FLUX.2's own image
# processor overrides what its resize mode "crop" means: the middle of the drawing is put there, unscaled, and the rest of
# it is lost. So a part of 32 x 32 that was drawn at 64 x 64 in four stripes shows the middle two, at twice the size, and
# does not fit the picture around it. No warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.13.0 diffusers==0.42.1 transformers==5.24.0
cat > "$folder/crop.py" <<'PY'
import torch
from diffusers import (
    AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler, Flux2KleinInpaintPipeline, Flux2Transformer2DModel,
)
from diffusers.image_processor import VaeImageProcessor
from PIL import Image

torch.manual_seed(0)
transformer = Flux2Transformer2DModel(
    in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=32, num_attention_heads=2,
    joint_attention_dim=24, timestep_guidance_channels=32, mlp_ratio=2.0, axes_dims_rope=(8, 8, 8, 8),
    guidance_embeds=False,
)
vae = AutoencoderKLFlux2(
    latent_channels=4, block_out_channels=(8,) * 4, layers_per_block=1, norm_num_groups=4, sample_size=64,
    down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
)
pipeline = Flux2KleinInpaintPipeline(
    scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True), vae=vae, text_encoder=None, tokenizer=None,
    transformer=transformer, is_distilled=False,
)
grays = (10, 90, 170, 250)
drawn = Image.new("RGB", (64, 64))
for stripe, gray in enumerate(grays):
    drawn.paste((gray,) * 3, (16 * stripe, 0, 16 * stripe + 16, 64))
picture, mask = Image.new("RGB", (64, 64)), Image.new("L", (64, 64), 255)
part = (16, 16, 48, 48)


def shown(processor):
    whole = processor.apply_overlay(mask, picture, drawn, part)
    return [whole.getpixel((16 + 8 * stripe + 4, 32))[0] for stripe in range(4)]


print("FOUND others", shown(VaeImageProcessor()), "klein", shown(pipeline.image_processor))
PY
found=$("$folder/venv/bin/python" "$folder/crop.py" 2>/dev/null | grep FOUND)
echo "$found"
[ "$found" = "FOUND others [10, 90, 170, 250] klein [90, 90, 170, 170]" ]
