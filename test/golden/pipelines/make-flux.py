"""Golden cases of FLUX.1 that the shared fixtures do not have: a batch with true guidance, and prompts that are cut.

Run with torch 2.13, diffusers 0.42.1, transformers 5.23: `python make-flux.py` writes into `flux/golden`. Float32, CPU.
"""

import json
from pathlib import Path

import torch
from diffusers import FluxPipeline
from safetensors.torch import save_file

FLUX = Path(__file__).parent / "flux"
LATENT_CHANNELS, SCALE = 4, 8
LONG = "a slightly smiling face with a red heart and two blue eyes and a small green house behind it " * 3


def case(name, call):
    pipeline = FluxPipeline.from_pretrained(FLUX, local_files_only=True)
    prompts = [call["prompt"]] if isinstance(call["prompt"], str) else call["prompt"]
    batch = len(prompts) * call.get("num_images_per_prompt", 1)
    height, width = call["height"] // SCALE, call["width"] // SCALE
    latents = torch.randn(batch, LATENT_CHANNELS, height, width, generator=torch.Generator().manual_seed(17))
    packed = FluxPipeline._pack_latents(latents, batch, LATENT_CHANNELS, height, width)
    steps = {"num_inference_steps": len(call["sigmas"])} if "sigmas" in call else {}
    images = torch.from_numpy(pipeline(**call, **steps, latents=packed, output_type="np").images).float()
    tensors = {"in.latents": latents, "out.image": (images[0] if batch == 1 else images).contiguous()}
    save_file(tensors, FLUX / "golden" / f"{name}.safetensors")
    (FLUX / "golden" / f"{name}.json").write_text(json.dumps({"call": call}, indent=1) + "\n")


case(
    "true-guidance",
    {
        "prompt": ["slightly smiling cat face", "a red heart"],
        "negative_prompt": ["blue", "a house"],
        "num_images_per_prompt": 2,
        "true_cfg_scale": 2.0,
        "guidance_scale": 2.5,
        "sigmas": [1.0, 0.8, 0.55, 0.2],
        "height": 32,
        "width": 48,
        "max_sequence_length": 24,
    },
)
case(
    "long-prompt",
    {
        "prompt": LONG,
        "prompt_2": "a blue house. " + LONG,
        "num_inference_steps": 3,
        "height": 48,
        "width": 32,
        "max_sequence_length": 20,
    },
)
