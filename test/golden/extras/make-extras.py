"""Makes kontext-flux-two-images, image-to-image-sana-sprint, -pixart and -flux-tiny-vae with diffusers 0.42.1, torch 2.13.0
and transformers 5.24.0. The first argument is the folder of pipelines; cases are written beside this file.

diffusers has no image-to-image for PixArt: it is composed of its parts by the rule of StableDiffusionImg2ImgPipeline.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny, FluxImg2ImgPipeline, FluxKontextPipeline, PixArtSigmaPipeline, SanaSprintImg2ImgPipeline
from diffusers.utils.torch_utils import randn_tensor
from PIL import Image
from safetensors.torch import save_file

here, pipelines = Path(__file__).parent, Path(sys.argv[1])


def opened(cls, name, **parts):
    pipe = cls.from_pretrained(pipelines / name, dtype=torch.float32, **parts)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def waves(width, height, phase=0.0):
    y, x = np.mgrid[0:height, 0:width]
    channels = [127 + 120 * np.sin(x / 9 + phase), 127 + 120 * np.cos(y / 7 + phase), 127 + 100 * np.sin((x + y) / 11)]
    return np.stack(channels, -1)


def tensor(pixels):
    return torch.tensor(pixels / 255, dtype=torch.float32).permute(2, 0, 1)[None].contiguous()


def save(name, about, **tensors):
    folder = here / name
    folder.mkdir(exist_ok=True)
    (folder / "about.json").write_text(json.dumps(about, indent=1))
    save_file({key.replace("_", ".", 1): value.contiguous() for key, value in tensors.items()}, folder / "io.safetensors")


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def kontext():
    pipe = opened(FluxKontextPipeline, "flux")
    name = "kontext-flux-two-images"
    (here / name).mkdir(exist_ok=True)
    images = [Image.fromarray(waves(*size).round().astype(np.uint8)) for size in [(70, 90, 0), (100, 50, 2)]]
    for i, image in enumerate(images):
        image.save(here / name / f"{i}.png")
    call = {"prompt": ["a red heart", "slightly smiling cat face"], "guidance_scale": 2.5, "max_sequence_length": 32}
    call |= {"_auto_resize": False, "max_area": 3000, "num_images_per_prompt": 1}
    sizes = {"num_inference_steps": 4, "height": 100, "width": 180}
    drawn = pipe(image=images, generator=seeded(7), output_type="np", **sizes, **call).images
    about = {"kind": "kontext", "pipeline": "flux", "class_": "FluxKontextPipeline", "call": call, **sizes, "seed": 7}
    save(name, {**about, "images": ["0.png", "1.png"]}, out_image=torch.tensor(drawn))


def sana_sprint():
    pipe = opened(SanaSprintImg2ImgPipeline, "sana-sprint")
    call = {"prompt": ["a red heart", "cat face"], "guidance_scale": 4.5, "max_sequence_length": 16, "strength": 0.6}
    call |= {"use_resolution_binning": False, "complex_human_instruction": None, "intermediate_timesteps": None}
    sizes = {"num_inference_steps": 4, "height": 32, "width": 64}
    image = tensor(waves(64, 32))
    drawn = pipe(image=image, generator=seeded(11), output_type="np", **sizes, **call).images
    about = {"kind": "image-to-image", "pipeline": "sana-sprint", "class_": "SanaSprintImg2ImgPipeline", "seed": 11}
    save("image-to-image-sana-sprint", {**about, "call": call, **sizes}, in_image=image, out_image=torch.tensor(drawn))


@torch.no_grad()
def pixart():
    pipe = opened(PixArtSigmaPipeline, "pixart")
    prompts, strength, scale, steps, generator = ["a red heart", "cat face"], 0.6, 4.5, 9, seeded(5)
    image = tensor(waves(48, 32, 1.0))
    original = pipe.vae.encode(image * 2 - 1).latent_dist.sample(generator) * pipe.vae.config.scaling_factor
    noise = randn_tensor((2, *original.shape[1:]), generator=generator)
    pipe.scheduler.set_timesteps(steps)
    first = max(steps - min(int(steps * strength), steps), 0)
    timesteps = pipe.scheduler.timesteps[first:]
    pipe.scheduler.set_begin_index(first)
    latents = pipe.scheduler.add_noise(original.repeat(2, 1, 1, 1), noise, timesteps[:1].repeat(2))
    cond, cond_mask, uncond, uncond_mask = pipe.encode_prompt(
        prompts, True, negative_prompt="blurry", num_images_per_prompt=1, max_sequence_length=16
    )
    for timestep in timesteps:
        both = pipe.transformer(
            pipe.scheduler.scale_model_input(torch.cat([latents, latents]), timestep),
            encoder_hidden_states=torch.cat([uncond, cond]),
            encoder_attention_mask=torch.cat([uncond_mask, cond_mask]),
            timestep=timestep.expand(4),
            added_cond_kwargs={"resolution": None, "aspect_ratio": None},
            return_dict=False,
        )[0]
        away, towards = both.chunk(2)
        predicted = (away + scale * (towards - away)).chunk(2, 1)[0]
        latents = pipe.scheduler.step(predicted, timestep, latents, return_dict=False)[0]
    decoded = pipe.vae.decode(latents / pipe.vae.config.scaling_factor, return_dict=False)[0]
    drawn = (decoded / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)
    call = {"prompt": prompts, "guidance_scale": scale, "max_sequence_length": 16, "use_resolution_binning": False}
    call |= {"negative_prompt": "blurry", "strength": strength}
    about = {"kind": "image-to-image", "pipeline": "pixart", "seed": 5, "call": call}
    save("image-to-image-pixart", {**about, "height": 32, "width": 48, "num_inference_steps": steps}, in_image=image, out_image=drawn)


def tiny_vae():
    vae = AutoencoderTiny.from_pretrained(pipelines.parent / "vae-tiny", dtype=torch.float32)
    pipe = opened(FluxImg2ImgPipeline, "flux", vae=vae)
    call = {"prompt": "a red heart", "guidance_scale": 3.5, "max_sequence_length": 32, "strength": 0.7}
    sizes = {"num_inference_steps": 4, "height": 48, "width": 64}
    image = tensor(waves(64, 48))
    drawn = pipe(image=image, generator=seeded(9), output_type="np", **sizes, **call).images
    about = {"kind": "image-to-image", "pipeline": "flux", "class_": "FluxImg2ImgPipeline", "seed": 9}
    about |= {"components": {"vae": "vae-tiny"}}
    save("image-to-image-flux-tiny-vae", {**about, "call": call, **sizes}, in_image=image, out_image=torch.tensor(drawn)[0])


kontext()
sana_sprint()
pixart()
tiny_vae()
