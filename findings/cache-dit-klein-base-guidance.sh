#!/usr/bin/env bash
# cache-dit 1.5.3 on a guided FLUX.2 klein base (diffusers 0.42.1): its preset for Flux2KleinPipeline says that both
# guidance passes go in one, but the pipeline runs them one after the other. So 8 steps count as 16, the prompt's pass
# and the empty prompt's compare their residuals with each other, and with a negative prompt near the prompt every
# second pass, the empty prompt's, takes what was kept from the prompt's. No warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.13.0 diffusers==0.42.1 transformers==5.24.0 cache-dit==1.5.3
cat > "$folder/klein.py" <<'PY'
import cache_dit
import torch
from cache_dit import DBCacheConfig
from diffusers import AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler, Flux2KleinPipeline, Flux2Transformer2DModel

STEPS = 8


def drawn(**more):
    torch.manual_seed(0)
    transformer = Flux2Transformer2DModel(
        in_channels=16, num_layers=2, num_single_layers=2, attention_head_dim=32, num_attention_heads=2,
        joint_attention_dim=24, timestep_guidance_channels=32, mlp_ratio=2.0, axes_dims_rope=(8, 8, 8, 8),
        guidance_embeds=False,
    )
    vae = AutoencoderKLFlux2(
        latent_channels=4, block_out_channels=(8,) * 4, layers_per_block=1, norm_num_groups=4, sample_size=64,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )
    pipeline = Flux2KleinPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True), vae=vae, text_encoder=None,
        tokenizer=None, transformer=transformer, is_distilled=False,
    )
    options = dict(Fn_compute_blocks=1, Bn_compute_blocks=0, residual_diff_threshold=0.1, max_warmup_steps=2)
    cache_dit.enable_cache(pipeline, cache_config=DBCacheConfig(**options, **more))
    prompt = torch.randn(1, 8, 24)
    pipeline(
        prompt_embeds=prompt, negative_prompt_embeds=prompt + 0.01 * torch.randn(1, 8, 24), guidance_scale=4.0,
        num_inference_steps=STEPS, height=64, width=64, output_type="latent",
        generator=torch.Generator().manual_seed(1),
    )
    blocks = next(one for one in cache_dit.summary(pipeline) if one.cached_steps or one.accumulated_executed_steps)
    return blocks.accumulated_executed_steps, blocks.cached_steps, blocks.cfg_cached_steps


preset, apart = drawn(), drawn(enable_separate_cfg=True)
print("FOUND preset:", preset, "separate:", apart)
PY
found=$("$folder/venv/bin/python" "$folder/klein.py" 2>/dev/null | grep FOUND)
echo "$found"
[ "$found" = "FOUND preset: (16, [3, 5, 7, 9, 11, 13, 15], []) separate: (8, [], [])" ]
