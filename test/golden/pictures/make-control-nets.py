"""
Makes `control-nets/*.png`: what diffusers 0.42.1 draws with ControlNets where the golden data has no case, from the
pipelines and nets of the golden data. Run in this folder.
"""

import numpy
import torch
from diffusers import (
    ControlNetModel,
    FluxControlNetImg2ImgPipeline,
    FluxControlNetModel,
    StableDiffusionControlNetImg2ImgPipeline,
    StableDiffusionControlNetPipeline,
    StableDiffusionXLControlNetImg2ImgPipeline,
)
from PIL import Image
from safetensors.torch import load_file

prompts = {"prompt": "slightly smiling cat face", "negative_prompt": "blurry"}
size = {"height": 64, "width": 64}


def picture(case: str, name: str) -> Image.Image:
    values = load_file(f"../extras/{case}/io.safetensors")[name][0].permute(1, 2, 0).numpy()
    return Image.fromarray((values * 255).round().astype("uint8"))


def draw(name: str, pipeline, **call) -> None:
    image = pipeline(**call, **size, generator=torch.Generator().manual_seed(5), output_type="np").images[0]
    Image.fromarray((image * 255).round().astype(numpy.uint8)).save(f"control-nets/{name}.png", optimize=True)


beginning = {
    "image": picture("image-to-image-sd15", "in.image"),
    "control_image": picture("controlnet-sd15", "in.control_image"),
    "num_inference_steps": 8,
    "strength": 0.6,
    "controlnet_conditioning_scale": 0.7,
}
net = ControlNetModel.from_pretrained("../extras/controlnet-sd15/controlnet")
sd15 = StableDiffusionControlNetImg2ImgPipeline.from_pretrained("../pipelines/sd15", controlnet=net, safety_checker=None)
draw("sd15-image", sd15, **prompts, **beginning, guidance_scale=6.0, control_guidance_end=0.5, num_images_per_prompt=2)

net = ControlNetModel.from_pretrained("../extras/controlnet-sdxl/controlnet")
sdxl = StableDiffusionXLControlNetImg2ImgPipeline.from_pretrained("../pipelines/sdxl", controlnet=net, add_watermarker=False)
draw("sdxl-image", sdxl, **prompts, **beginning, guidance_scale=5.0)

net = FluxControlNetModel.from_pretrained("../extras/controlnet-flux/controlnet")
flux = FluxControlNetImg2ImgPipeline.from_pretrained("../pipelines/flux", controlnet=net)
draw("flux-image", flux, prompt=prompts["prompt"], **beginning, guidance_scale=3.5, max_sequence_length=32)

net = ControlNetModel.from_pretrained("../extras/controlnet-sd15/controlnet")
net.register_to_config(global_pool_conditions=True, controlnet_conditioning_channel_order="bgr")
pooled = StableDiffusionControlNetPipeline.from_pretrained("../pipelines/sd15", controlnet=net, safety_checker=None)
shown = {"image": beginning["control_image"], "num_inference_steps": 5, "guidance_scale": 6.0}
draw("sd15-pooled", pooled, **prompts, **shown)
