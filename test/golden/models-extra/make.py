"""Golden cases that the shared fixtures do not have: other options, batches and sizes. Random weights, float32, CPU.

Run with torch 2.13, diffusers 0.42.1, transformers 5.23: `python make.py` writes the folders beside this file.
"""

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, AutoencoderTiny
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import Qwen3Config, Qwen3Model

HERE = Path(__file__).parent


def randomize(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            fan_in = parameter[0].numel() if parameter.ndim > 1 else 1
            parameter.copy_(noise / fan_in**0.5 if parameter.ndim > 1 else ("norm" in name and "weight" in name) + 0.2 * noise)
    return model.eval()


def write(name, class_name, model, tensors, note, edit_config=None):
    folder = HERE / name
    model.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    if edit_config:
        edit_config(config)
        (folder / "config.json").write_text(json.dumps(config, indent=2))
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / "io.safetensors")
    (folder / "about.json").write_text(json.dumps({"class_": class_name, "note": note}, indent=1))
    return folder


def rename(folder, change):
    file = next(folder.glob("*model.safetensors"))
    save_file({change(key): value for key, value in load_file(file).items()}, file)


def noise(*shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def kl(name, seed, sample, z, note, rename_with=None, **options):
    levels = len(options["block_out_channels"])
    model = randomize(
        AutoencoderKL(down_block_types=("DownEncoderBlock2D",) * levels, up_block_types=("UpDecoderBlock2D",) * levels, **options), seed
    )
    if model.quant_conv is not None:
        model.quant_conv.weight.mul_(20)  # some logvar leave -30..20, where the reference clamps
    posterior = model.encode(sample).latent_dist
    folder = write(
        name, "AutoencoderKL", model,
        {"in.sample": sample, "in.z": z, "out.0": posterior.mean, "out.1": posterior.logvar, "out.2": model.decode(z).sample}, note,
    )
    if rename_with:
        rename(folder, rename_with)


def old_attention_names(key):
    for new, old in {".to_q.": ".query.", ".to_k.": ".key.", ".to_v.": ".value.", ".to_out.0.": ".proj_attn."}.items():
        key = key.replace(new, old)
    return key


def tiny(name, seed, sample, z, note, pooled=False, **options):
    model = AutoencoderTiny(**options)
    if pooled:
        for block in [*model.encoder.layers[-4:-1], *model.decoder.layers[2:5]]:
            add_pool(block)
    randomize(model, seed)

    def edit(config):
        if pooled:
            config["midblock_group_norm"] = True

    write(
        name, "AutoencoderTiny", model,
        {"in.sample": sample, "in.z": z, "out.0": model.encode(sample).latents, "out.1": model.decode(z).sample}, note, edit,
    )


def add_pool(block):
    """The side branch of TAEF2, which diffusers' class lacks."""
    width = block.conv[0].in_channels
    block.pool = nn.Sequential(
        nn.Conv2d(width, 4 * width, 1, bias=False), nn.GroupNorm(4, 4 * width), nn.ReLU(), nn.Conv2d(4 * width, width, 1, bias=False)
    )
    plain = type(block).forward
    block.forward = lambda x: plain(block, x + block.pool(x))


def qwen3(name, seed, note, mask, **options):
    config = Qwen3Config(**options)
    model = randomize(Qwen3Model(config), seed)
    ids = torch.randint(0, config.vocab_size, mask.shape, generator=torch.Generator().manual_seed(seed))
    hidden = model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states[-2]

    def edit(config):  # as older versions write it
        config["rope_theta"] = config.pop("rope_parameters")["rope_theta"]
        config["rope_scaling"] = None
        del config["layer_types"]

    folder = write(name, "Qwen3Model", model, {"in.input_ids": ids, "in.attention_mask": mask, "out.0": hidden}, note, edit)
    rename(folder, lambda key: "model." + key)


with torch.no_grad():
    kl(
        "kl-no-attention", 1, noise(2, 3, 12, 20, seed=2), noise(2, 4, 6, 10, seed=3),
        "two levels, two layers a block, no attention, mish, only the first of the two 1x1 convolutions, batch of 2",
        block_out_channels=(8, 16), layers_per_block=2, norm_num_groups=4, act_fn="mish", mid_block_add_attention=False,
        use_post_quant_conv=False,
    )
    kl(
        "kl-old-names", 4, noise(2, 4, 20, 12, seed=5), noise(2, 6, 5, 3, seed=6),
        "attention weights as named before diffusers 0.18, four image channels, odd latent sizes, batch of 2",
        rename_with=old_attention_names,
        block_out_channels=(8, 8, 16), norm_num_groups=2, latent_channels=6, in_channels=4, out_channels=3,
    )
    tiny(
        "tiny-gelu", 7, noise(2, 3, 10, 14, seed=8), noise(2, 5, 3, 4, seed=9), "gelu, two levels, threefold enlargement, batch of 2",
        encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8), num_encoder_blocks=(2, 1), num_decoder_blocks=(1, 2),
        act_fn="gelu", latent_channels=5, upsampling_scaling_factor=3,
    )
    tiny(
        "tiny-pool", 10, noise(2, 3, 24, 16, seed=11), noise(2, 4, 3, 5, seed=12), "TAEF2's side branch at latent resolution, batch of 2",
        pooled=True,
        encoder_block_out_channels=(8,) * 3, decoder_block_out_channels=(8,) * 3, num_encoder_blocks=(1, 2, 3), num_decoder_blocks=(3, 2, 1),
    )
    qwen3(
        "qwen3-bias", 13, "biases, as many key heads as query heads, padding on the left, file layout of transformers 4",
        torch.tensor([[0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1], [1] * 11]),
        vocab_size=50, hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=3, num_key_value_heads=3,
        head_dim=10, attention_bias=True, rope_parameters={"rope_type": "default", "rope_theta": 500.0},
    )
