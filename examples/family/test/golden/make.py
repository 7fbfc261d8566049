"""The reference's images of `ddpm/` by schedules that it does not come with: diffusers 0.42.1, torch 2.13, float32.

    python make.py <a folder with ddpm's files, weights unzipped>
"""
import json
import sys

import torch
from diffusers import DDIMPipeline, DDIMScheduler, DDPMPipeline, DPMSolverMultistepScheduler
from safetensors.torch import save_file

folder = sys.argv[1]
SEED = 14


def write(name, images, about):
    save_file({"out.image": torch.from_numpy(images).squeeze(0).contiguous()}, f"{name}.safetensors")
    with open(f"{name}.json", "w") as file:
        json.dump({**about, "seed": SEED}, file, indent=1)


def draw(pipeline, steps, **call):
    generator = torch.Generator("cpu").manual_seed(SEED)
    return pipeline(num_inference_steps=steps, generator=generator, output_type="np", **call).images


ddpm = DDPMPipeline.from_pretrained(folder)
own = ddpm.scheduler.config
ddim = DDIMPipeline(ddpm.unet, DDIMScheduler.from_config(own))
write("ddim", draw(ddim, 10), {"num_inference_steps": 10, "scheduler": {"type": "DDIMScheduler"}})
write("ddim-eta", draw(ddim, 8, eta=0.5), {"num_inference_steps": 8, "scheduler": {"type": "DDIMScheduler", "eta": 0.5}})
solver = DDPMPipeline(ddpm.unet, ddpm.scheduler)
solver.scheduler = DPMSolverMultistepScheduler.from_config(own)
write("dpm-solver", draw(solver, 10), {"num_inference_steps": 10, "scheduler": {"type": "DPMSolverMultistepScheduler"}})

# https://arxiv.org/abs/2306.04848: DDIM with the noise continued from the last two predictions of it.
GAMMA = 2.0
scheduler = DDIMScheduler.from_config(own)
scheduler.set_timesteps(10)
image = torch.randn((1, 3, 16, 16), generator=torch.Generator("cpu").manual_seed(SEED))
last = None
with torch.no_grad():
    for t in scheduler.timesteps:
        noise = ddpm.unet(image, t).sample
        better = noise if last is None else GAMMA * noise + (1 - GAMMA) * last
        image = scheduler.step(better, t, image).prev_sample
        last = noise
write(
    "gradient-estimation",
    (image / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy(),
    {"num_inference_steps": 10, "scheduler": {"type": "GradientEstimationScheduler"}},
)
