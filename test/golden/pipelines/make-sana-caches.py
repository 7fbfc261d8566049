"""Golden cases of SANA with cache-dit, which the shared fixtures do not have. Float32, CPU.

Run with torch 2.13, diffusers 0.42.1, transformers 5.24, cache-dit 1.5.3: `python make-sana-caches.py <latents>`, where
<latents> is a safetensors file with `in.latents` `[1, 4, 8, 8]` to begin with, writes into `sana/golden`.
"""

import json
import sys
from pathlib import Path

import cache_dit
import torch
from cache_dit import DBCacheConfig
from diffusers import SanaPipeline
from safetensors.torch import load_file, save_file

SANA = Path(__file__).parent / "sana"
STEPS, SIDE = 12, 64
CALL = {
    "prompt": "slightly smiling cat face",
    "negative_prompt": "blurry",
    "guidance_scale": 4.5,
    "complex_human_instruction": None,
    "use_resolution_binning": False,
    "max_sequence_length": 24,
}
OPTIONS = {"Fn_compute_blocks": 1, "Bn_compute_blocks": 1, "residual_diff_threshold": 0.25, "max_warmup_steps": 2}
LIMITS = {"max_continuous_cached_steps": 2, "max_cached_steps": 5}

latents = load_file(sys.argv[1])["in.latents"]
for name, options in {"dbcache-f1b1": OPTIONS, "dbcache-limits": OPTIONS | LIMITS}.items():
    pipeline = SanaPipeline.from_pretrained(SANA, local_files_only=True, torch_dtype=torch.float32)
    cache_dit.enable_cache(pipeline, cache_config=DBCacheConfig(**options))
    drawn = pipeline(**CALL, num_inference_steps=STEPS, height=SIDE, width=SIDE, latents=latents, output_type="np")
    found = cache_dit.summary(pipeline)[0]
    image = torch.from_numpy(drawn.images[0]).float().contiguous()
    save_file({"in.latents": latents, "out.image": image}, SANA / "golden" / f"{name}.safetensors")
    case = {
        "class_": "SanaPipeline",
        "call": CALL,
        "num_inference_steps": STEPS,
        "height": SIDE,
        "width": SIDE,
        "seed": None,
        "plugin": "cache-dit",
        "options": options,
        "calibrator": None,
        "stats": {
            "transformer_blocks": {
                "cached_steps": found.cached_steps,
                "residual_diffs": found.residual_diffs,
                "cfg_cached_steps": found.cfg_cached_steps,
            }
        },
    }
    (SANA / "golden" / f"{name}.json").write_text(json.dumps(case, indent=1) + "\n")
