"""The pictures of single files that diffusers makes. Float32, CPU.

Run with torch 2.13, diffusers 0.42.1, transformers: `python make.py UNET`, where UNET is a diffusers folder with the
U-Net of cosxl.safetensors.gz: `v` and `zero-snr`, and `cosxl`.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from diffusers import EDMEulerScheduler, EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel

HERE = Path(__file__).parent
NOISE = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000,
    "steps_offset": 1, "timestep_spacing": "leading", "prediction_type": "v_prediction",
}
EDM = {"sigma_min": 0.002, "sigma_max": 120.0, "sigma_data": 1.0, "prediction_type": "v_prediction", "sigma_schedule": "exponential"}

unet = UNet2DConditionModel.from_pretrained(sys.argv[1])
pipe = StableDiffusionXLPipeline.from_pretrained(HERE / "../pipelines/sdxl", unet=unet)
call = json.loads((HERE / "call.json").read_text())
seed = call.pop("seed")
for name, scheduler in {
    "cosxl": EDMEulerScheduler(**EDM),
    "v": EulerDiscreteScheduler(**NOISE),
    "zero-snr": EulerDiscreteScheduler(**NOISE, rescale_betas_zero_snr=True),
}.items():
    pipe.scheduler = scheduler
    image = pipe(**call, generator=torch.Generator().manual_seed(seed), output_type="np").images[0]
    (HERE / f"{name}.rgb").write_bytes((image * 255).round().astype(np.uint8).tobytes())
