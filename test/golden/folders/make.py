"""Pictures that diffusers draws from folders with a VAE whose config.json has latents_mean and latents_std.

Made with diffusers 0.42.1, torch 2.13.0 (CPU, float32), transformers 5.24.0: python make.py
"""

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
from diffusers import DiffusionPipeline, StableDiffusionXLImg2ImgPipeline
from diffusers.utils import load_image

here = Path(__file__).parent
pipelines = here.parent / "pipelines"
statistics = {"latents_mean": [-1.6574, 1.886, -1.383, 2.5155], "latents_std": [8.4927, 5.9022, 6.5498, 5.2299]}
call = {"prompt": "slightly smiling cat face", "num_inference_steps": 2}


def folder(name, **options):
    path = Path(tempfile.mkdtemp()) / name
    shutil.copytree(pipelines / name, path)
    config = path / "vae" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), **options}))
    return path


def draw(pipeline, **more):
    return pipeline(**call, **more, generator=torch.Generator().manual_seed(513)).images[0]


sdxl = DiffusionPipeline.from_pretrained(folder("sdxl", **statistics, scaling_factor=0.5))
size = {"height": 64, "width": 64}
plain = draw(sdxl, **size)
plain.save(here / "sdxl-latents-mean.png")
from_image = StableDiffusionXLImg2ImgPipeline(**sdxl.components)
draw(from_image, image=load_image(str(here / "sdxl-latents-mean.png")), strength=0.5).save(here / "sdxl-latents-mean-from-image.png")
# Stable Diffusion 1 heeds neither.
both = [draw(DiffusionPipeline.from_pretrained(folder("sd15", **options)), **size) for options in [{}, {**statistics, "shift_factor": 0.5}]]
assert np.array_equal(*both)
