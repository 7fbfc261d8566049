#!/usr/bin/env bash
# diffusers 0.42.1 (torch 2.13.0, CPU): StableDiffusion3InpaintPipeline subtracts the VAE's shift where it encodes and
# does not add it before it decodes, as the other pipelines of Stable Diffusion 3 do. Even where the mask paints nothing the
# picture comes back with other colours: decoded from latents that lack shift_factor (0.0609 in SD 3). Seen: which of the
# two decodings of its own latents each pipeline's image is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q torch==2.13.0 diffusers==0.42.1 transformers==5.24.0
cat > shift.py <<'PY'
import torch
from diffusers import (
    AutoencoderKL, FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel,
    StableDiffusion3Img2ImgPipeline, StableDiffusion3InpaintPipeline,
)

torch.manual_seed(0)
transformer = SD3Transformer2DModel(
    sample_size=8, patch_size=1, in_channels=16, num_layers=1, attention_head_dim=8, num_attention_heads=2,
    joint_attention_dim=16, caption_projection_dim=16, pooled_projection_dim=16, out_channels=16,
)
vae = AutoencoderKL(
    block_out_channels=(4,), norm_num_groups=1, latent_channels=16, sample_size=8,
    scaling_factor=1.5305, shift_factor=0.0609, use_quant_conv=False, use_post_quant_conv=False,
)
parts = dict(
    transformer=transformer, scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0), vae=vae,
    text_encoder=None, tokenizer=None, text_encoder_2=None, tokenizer_2=None, text_encoder_3=None, tokenizer_3=None,
)
picture = torch.rand(1, 3, 16, 16)
prompt = dict(prompt_embeds=torch.zeros(1, 4, 16), pooled_prompt_embeds=torch.zeros(1, 16), guidance_scale=1.0)
request = dict(image=picture, num_inference_steps=2, height=16, width=16, **prompt)

def draw(pipeline, output, **more):
    pipeline.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(1)
    return pipeline(**request, **more, generator=generator, output_type=output).images

def decoded(latents, shift):
    with torch.no_grad():
        return (vae.decode(latents / 1.5305 + shift)[0] / 2 + 0.5).clamp(0, 1)

inpaint = StableDiffusion3InpaintPipeline(**parts)
nothing = dict(mask_image=torch.zeros(1, 1, 16, 16), strength=1.0)
image2image = StableDiffusion3Img2ImgPipeline(**parts)
for name, pipeline, more in [("inpaint", inpaint, nothing), ("image to image", image2image, dict(strength=1.0))]:
    latents, image = draw(pipeline, "latent", **more), draw(pipeline, "pt", **more)
    same = {shift: torch.allclose(image, decoded(latents, shift), atol=1e-5) for shift in (0.0, 0.0609)}
    print(f"{name}: decoded without shift {same[0.0]}, with shift {same[0.0609]}")
PY
found=$(venv/bin/python shift.py 2> /dev/null)
echo "$found"
expected='inpaint: decoded without shift True, with shift False
image to image: decoded without shift False, with shift True'
[ "$found" = "$expected" ] || { echo "this has changed; expected $expected"; exit 1; }
