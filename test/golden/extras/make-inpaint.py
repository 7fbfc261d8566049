"""Inpainting that the golden data leaves out, by diffusers 0.42.1 and torch 2.13: run with the folder of the golden
data. Schedulers of order 2 and with draws of their own, a mask of another size, and a part cut out of an image that
FLUX.2 klein's base model inpaints beside another one that it looks at."""

import json
import sys
from pathlib import Path

import diffusers
import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

golden, here = Path(sys.argv[1]), Path(__file__).parent


def tensor(image):
    array = np.asarray(image.convert("RGB"), dtype=np.float32) / 255
    return torch.from_numpy(array.transpose(2, 0, 1)[None].copy())


def make(name, pipeline, class_, call, steps, images, scheduler=None, size=None):
    folder = here / f"inpaint-{name}"
    folder.mkdir(exist_ok=True)
    pipe = getattr(diffusers, class_).from_pretrained(golden / "pipelines" / pipeline, torch_dtype=torch.float32)
    if scheduler:
        pipe.scheduler = getattr(diffusers, scheduler).from_config(pipe.scheduler.config)
    draws, draw = [], torch.randn

    def counted(*arguments, **options):
        drawn = draw(*arguments, **options)
        draws.append(list(drawn.shape))
        return drawn

    torch.randn = counted
    files = any(word in name for word in ("crop", "size", "references"))
    given = {key: image if files else tensor(image) for key, image in images.items()}
    if "mask_image" in given and torch.is_tensor(given["mask_image"]):
        given["mask_image"] = given["mask_image"][:, :1]
    generator = torch.Generator("cpu").manual_seed(16)
    shape = {} if size is None else {"height": size, "width": size}
    result = pipe(**call, **given, **shape, num_inference_steps=steps, generator=generator, output_type="pil" if "crop" in name else "np")
    torch.randn = draw
    out = result.images[0]
    out = torch.from_numpy(np.asarray(out, dtype=np.float32) / 255 if "crop" in name else out)
    if len(result.images) > 1:
        out = torch.from_numpy(result.images)
    io = {"out.image": out, "in.image": tensor(images["image"]), "in.mask": tensor(images["mask_image"])[:, :1]}
    if "references" in name:
        for i, image in enumerate(images["image_reference"]):
            image.save(folder / f"image_reference{i}.png")
    elif "image_reference" in images:
        io["in.image_reference"] = tensor(images["image_reference"])
    if "crop" in name or "references" in name:
        for key in ("image", "mask_image"):
            images[key].save(folder / f"{key}.png")
        del io["in.image"], io["in.mask"]
    save_file({key: value.contiguous() for key, value in io.items()}, folder / "io.safetensors")
    about = {
        "kind": "inpaint",
        "pipeline": pipeline,
        "class_": class_,
        "call": call,
        "num_inference_steps": steps,
        "height": out.shape[-3],
        "width": out.shape[-2],
        "seed": 16,
        "draws": draws,
    }
    if scheduler:
        about["scheduler"] = {"type": scheduler}
    (folder / "about.json").write_text(json.dumps(about, indent=1) + "\n")


def picture(width, height, seed):
    """Smooth colours with edges in them."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x * a + seed) + np.cos(y * b - seed) for a, b in ((0.11, 0.07), (0.05, 0.13), (0.09, 0.04))]
    array = np.stack(waves, -1) * 50 + 128 + ((x // 9 + y // 7) % 2 * 30)[..., None]
    return Image.fromarray(array.clip(0, 255).astype(np.uint8))


def mask(width, height, soft=0):
    y, x = np.mgrid[0:height, 0:width]
    far = np.hypot(x / width - 0.45, y / height - 0.55) - 0.25
    return Image.fromarray((255 * (1 - (far / soft + 0.5).clip(0, 1)) if soft else 255 * (far < 0)).astype(np.uint8))


sd = {"prompt": "slightly smiling cat face", "negative_prompt": "blurry", "guidance_scale": 6.0, "strength": 0.7}
square = {"image": picture(64, 64, 1), "mask_image": mask(64, 64)}
sd_class = "StableDiffusionInpaintPipeline"
make("sd15-kdpm2", "sd15", sd_class, sd, 6, square, "KDPM2DiscreteScheduler")
make("sd15-euler-ancestral", "sd15", sd_class, {**sd, "strength": 1.0}, 6, square, "EulerAncestralDiscreteScheduler")
others = {"image": picture(90, 70, 2), "mask_image": mask(37, 111, 0.3)}
make("sd15-other-sizes", "sd15", sd_class, sd, 6, others, None, 64)
klein = {"prompt": "slightly smiling cat face", "guidance_scale": 4.0, "max_sequence_length": 48, "strength": 0.8}
crop = {
    "image": picture(112, 80, 3),
    "mask_image": mask(112, 80, 0.2),
    "image_reference": picture(75, 90, 4),
}
make("flux2-klein-base-crop-reference", "flux2-klein-base", "Flux2KleinInpaintPipeline", {**klein, "padding_mask_crop": 5}, 5, crop)
two = {"image": picture(70, 55, 5), "mask_image": mask(50, 55), "image_reference": [picture(75, 40, 6), picture(40, 60, 7)]}
base = {**klein, "guidance_scale": 3.0, "strength": 0.55}
make("flux2-klein-base-references", "flux2-klein-base", "Flux2KleinInpaintPipeline", base, 4, two)
each = {**base, "prompt": ["red heart", "a green book on a table"]}
make("flux2-klein-base-references-each", "flux2-klein-base", "Flux2KleinInpaintPipeline", each, 4, two)
