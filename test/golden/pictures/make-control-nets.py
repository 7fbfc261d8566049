"""
Makes `control-nets/*.png`: what diffusers 0.42.1 draws with ControlNets where the golden data has no case, from the
pipelines and nets of the golden data. Run in this folder.
"""

import numpy
import torch
from diffusers import (
    ControlNetModel,
    FluxControlNetImg2ImgPipeline,
    FluxControlNetInpaintPipeline,
    FluxControlNetModel,
    StableDiffusionControlNetImg2ImgPipeline,
    StableDiffusionControlNetInpaintPipeline,
    StableDiffusionControlNetPipeline,
    StableDiffusionXLControlNetImg2ImgPipeline,
    StableDiffusionXLControlNetInpaintPipeline,
    UNet2DConditionModel,
    ZImageControlNetInpaintPipeline,
    ZImageControlNetModel,
    ZImagePipeline,
)
from PIL import Image, ImageOps
from safetensors.torch import load_file

prompts = {"prompt": "slightly smiling cat face", "negative_prompt": "blurry"}
size = {"height": 64, "width": 64}


def picture(case: str, name: str) -> Image.Image:
    values = load_file(f"../extras/{case}/io.safetensors")[name][0].permute(1, 2, 0).numpy()
    return Image.fromarray((values * 255).round().astype("uint8"))


def draw(name: str, pipeline, **call) -> None:
    image = pipeline(**call, **size, generator=torch.Generator().manual_seed(5), output_type="np").images[0]
    Image.fromarray((image * 255).round().astype(numpy.uint8)).save(f"control-nets/{name}.png", optimize=True)


def widened(weight: torch.Tensor, channels: int) -> torch.Tensor:
    """With as many input channels, 1 is their axis; the new ones by a formula that the test knows as well."""
    shape = [weight.shape[0], channels - weight.shape[1], *weight.shape[2:]]
    new = numpy.sin(numpy.arange(numpy.prod(shape)) * 0.7).reshape(shape) * 0.1
    return torch.cat([weight, torch.from_numpy(new).to(weight.dtype)], 1)


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

# Inpainting. All masks are one file, of another size than the images that are drawn whole.
masked = {**beginning, "mask_image": Image.open("../extras/inpaint-sd15-crop/mask_image.png")}
net = ControlNetModel.from_pretrained("../extras/controlnet-sd15/controlnet")
sd15 = StableDiffusionControlNetInpaintPipeline.from_pretrained("../pipelines/sd15", controlnet=net, safety_checker=None)
draw("sd15-mask", sd15, **prompts, **masked, guidance_scale=6.0, num_images_per_prompt=2, control_guidance_start=0.3)

scene = Image.open("../extras/inpaint-sd15-crop/image.png")
part = {**masked, "image": scene, "control_image": ImageOps.invert(scene), "padding_mask_crop": 8}
call = {**prompts, **part, **size, "guidance_scale": 6.0, "generator": torch.Generator().manual_seed(5)}
sd15(**call).images[0].save("control-nets/sd15-part.png", optimize=True)

seeing = UNet2DConditionModel.from_config(sd15.unet.config, in_channels=9)
weights = sd15.unet.state_dict()
weights["conv_in.weight"] = widened(weights["conv_in.weight"], 9)
seeing.load_state_dict(weights)
sd15.register_modules(unet=seeing)
draw("sd15-seeing", sd15, **prompts, **{**masked, "strength": 1.0}, guidance_scale=6.0)

net = ControlNetModel.from_pretrained("../extras/controlnet-sdxl/controlnet")
sdxl = StableDiffusionXLControlNetInpaintPipeline.from_pretrained("../pipelines/sdxl", controlnet=net, add_watermarker=False)
draw("sdxl-mask", sdxl, **prompts, **masked, guidance_scale=5.0, guess_mode=True)

net = FluxControlNetModel.from_pretrained("../extras/controlnet-flux/controlnet")
flux = FluxControlNetInpaintPipeline.from_pretrained("../pipelines/flux", controlnet=net)
flux_call = {**masked, "prompt": prompts["prompt"], "guidance_scale": 3.5, "max_sequence_length": 32}
draw("flux-mask", flux, **flux_call, num_images_per_prompt=2)

z_image = ZImagePipeline.from_pretrained("../pipelines/z-image")
small = ZImageControlNetModel.from_pretrained("../extras/controlnet-z-image/controlnet")
net = ZImageControlNetModel.from_config(small.config, control_in_dim=33)
weights = small.state_dict()
embedder = "control_all_x_embedder.2-1.weight"
weights[embedder] = widened(weights[embedder].float().unflatten(1, (4, 16)).transpose(1, 2), 33).transpose(1, 2).flatten(1)
net.load_state_dict(weights)
inpaint = ZImageControlNetInpaintPipeline(
    **{name: getattr(z_image, name) for name in ("vae", "text_encoder", "tokenizer", "transformer", "scheduler")},
    controlnet=ZImageControlNetModel.from_transformer(net, z_image.transformer),
)
z_call = {key: value for key, value in masked.items() if key != "strength"}
draw("z-image-mask", inpaint, **prompts, **z_call, guidance_scale=4.0, max_sequence_length=48)
