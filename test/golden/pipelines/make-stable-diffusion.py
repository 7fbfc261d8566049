"""Makes the cases of Stable Diffusion that are not in the shared data: a batch, XL's sizes, image-to-image in tiles.

usage: make-stable-diffusion.py      needs torch 2.13, diffusers 0.42.1, transformers 5.23
"""

import json
from pathlib import Path

import diffusers
import torch
from safetensors.torch import save_file

here = Path(__file__).parent
prompt = "slightly smiling cat face"


def make(file, about, pipeline, seed, scheduler, call, image=None):
    options = dict(scheduler)
    pipe = getattr(diffusers, pipeline).from_pretrained(here / about["pipeline"])
    # transformers 5 has no such level any more, and diffusers' clip_skip looks for it.
    object.__setattr__(pipe.text_encoder, "text_model", pipe.text_encoder)
    pipe.scheduler = getattr(diffusers, options.pop("type")).from_config(pipe.scheduler.config, **options)
    given = {name: tuple(value) if "size" in name or "crops" in name else value for name, value in call.items()}
    if given.pop("vae_tiling", False):
        pipe.vae.enable_tiling()
    if image is not None:
        given["image"] = image
    out = pipe(**given, generator=torch.Generator().manual_seed(seed), output_type="np").images
    images = torch.from_numpy(out if len(out) > 1 else out[0]).float().contiguous()
    tensors = {"out.image": images} | ({} if image is None else {"in.image": image})
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, file)
    json_file = file.with_name("about.json") if "kind" in about else file.with_suffix(".json")
    about = about if "kind" in about else {}
    json_file.write_text(json.dumps({**about, "call": call, "seed": seed, "scheduler": scheduler}, indent=1) + "\n")


make(
    here / "sd15/golden/batch-euler-ancestral.safetensors",
    {"pipeline": "sd15"},
    "StableDiffusionPipeline",
    11,
    {"type": "EulerAncestralDiscreteScheduler"},
    {
        "prompt": [prompt, "red heart"],
        "negative_prompt": ["blurry", "ugly house"],
        "num_images_per_prompt": 2,
        "num_inference_steps": 5,
        "height": 40,
        "width": 56,
        "guidance_scale": 4.5,
        "guidance_rescale": 0.4,
        "clip_skip": 1,
    },
)
make(
    here / "sdxl/golden/sizes-heun.safetensors",
    {"pipeline": "sdxl"},
    "StableDiffusionXLPipeline",
    12,
    {"type": "HeunDiscreteScheduler", "use_karras_sigmas": True},
    {
        "prompt": prompt,
        "prompt_2": "a green house",
        "original_size": [123, 456],
        "crops_coords_top_left": [7, 9],
        "target_size": [80, 64],
        "clip_skip": 1,
        "num_inference_steps": 5,
        "height": 64,
        "width": 40,
    },
)
small = torch.rand(1, 3, 4, 5, generator=torch.Generator().manual_seed(99))
make(
    here.parent / "extras/image-to-image-tiles/io.safetensors",
    {"kind": "image-to-image", "pipeline": "sd15", "note": "in.image is 0..1, NCHW; encoded and decoded in tiles"},
    "StableDiffusionImg2ImgPipeline",
    13,
    {"type": "DPMSolverMultistepScheduler", "use_karras_sigmas": True},
    {
        "prompt": prompt,
        "negative_prompt": "blurry",
        "num_images_per_prompt": 2,
        "num_inference_steps": 8,
        "strength": 0.55,
        "vae_tiling": True,
    },
    torch.nn.functional.interpolate(small, size=(40, 64), mode="bilinear").contiguous(),
)
