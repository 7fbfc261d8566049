"""Options of the reference's classes with their defaults, and what transformers writes into a config.json.

Made with diffusers 0.42.1 and transformers 5.24.0: python make.py > expected.json
"""
import inspect
import json

import diffusers
import transformers

MODELS = (
    "AutoencoderDC AutoencoderKL AutoencoderKLQwenImage AutoencoderTiny DiTTransformer2DModel Flux2Transformer2DModel FluxTransformer2DModel "
    "PixArtTransformer2DModel QwenImageTransformer2DModel SD3Transformer2DModel SanaTransformer2DModel UNet2DConditionModel UNet2DModel "
    "ZImageTransformer2DModel"
).split()
CONFIGS = {
    "CLIPTextModel": transformers.CLIPTextConfig,
    "CLIPTextModelWithProjection": transformers.CLIPTextConfig,
    "Gemma2Model": transformers.Gemma2Config,
    "Qwen2_5_VLForConditionalGeneration": transformers.Qwen2_5_VLConfig,
    "Qwen3Model": transformers.Qwen3Config,
    "T5EncoderModel": transformers.T5Config,
}


def options(name):
    parameters = inspect.signature(getattr(diffusers, name).__init__).parameters.values()
    return {p.name: p.default if p.default is not p.empty else None for p in parameters if p.name != "self"}


expected = {name: options(name) for name in MODELS}
expected |= {name: config(num_hidden_layers=1).to_dict() for name, config in CONFIGS.items()}
print(json.dumps(expected, sort_keys=True))
