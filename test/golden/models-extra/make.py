"""Golden cases that the shared fixtures do not have: other options, batches and sizes. Random weights, float32, CPU.

Run with torch 2.13, diffusers 0.42.1, transformers 5.23: `python make.py` writes the folders beside this file.
"""

import json
import re
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL, AutoencoderTiny, DiTTransformer2DModel, Flux2Transformer2DModel,
    FluxTransformer2DModel, PixArtTransformer2DModel, QwenImageTransformer2DModel, SD3Transformer2DModel,
    UNet2DConditionModel, UNet2DModel,
)
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, Qwen3Config, Qwen3Model, T5Config, T5EncoderModel

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


def clip(name, seed, note, ids, model_class=CLIPTextModel, edit_config=None, **options):
    """Beside the outputs of the shared fixtures: every hidden state, plain and after the final norm."""
    model = randomize(model_class(CLIPTextConfig(**options)), seed)
    output = model(input_ids=ids, output_hidden_states=True)
    text_model = getattr(model, "text_model", model)
    tensors = {
        "in.input_ids": ids, "out.0": output.last_hidden_state, "out.1": output.hidden_states[-2],
        "out.2": output.text_embeds if model_class is CLIPTextModelWithProjection else output.pooler_output,
    }
    for i, hidden in enumerate(output.hidden_states):
        tensors |= {f"hidden.{i}": hidden.clone(), f"normalized.{i}": text_model.final_layer_norm(hidden)}
    return write(name, model_class.__name__, model, tensors, note, edit_config)


def as_transformers_4(folder):
    """Prefixed names, and the buffer that older versions saved."""
    file = folder / "model.safetensors"
    tensors = {"text_model." + key: value for key, value in load_file(file).items()}
    positions = tensors["text_model.embeddings.position_embedding.weight"].shape[0]
    save_file(tensors | {"text_model.embeddings.position_ids": torch.arange(positions)[None]}, file)


def t5(name, seed, note, mask, edit_config=None, **options):
    config = T5Config(**options)
    model = randomize(T5EncoderModel(config), seed)
    ids = torch.randint(0, config.vocab_size, mask.shape, generator=torch.Generator().manual_seed(seed))
    tensors = {
        "in.input_ids": ids, "in.attention_mask": mask,
        "out.0": model(input_ids=ids).last_hidden_state, "out.1": model(input_ids=ids, attention_mask=mask).last_hidden_state,
    }
    return write(name, "T5EncoderModel", model, tensors, note, edit_config)


def denoiser(name, model, inputs, note, edit_config=None, sizes=None, branches="attn1|attn2|ff|ff_context", img_shapes=None):
    """Taps every block, and the branches that plugins hook."""
    tensors = {f"in.{key}": value for key, value in (inputs | (sizes or {})).items()}

    def tap(path):
        def note_outputs(_module, _inputs, outputs):
            outputs = [x for x in (outputs if isinstance(outputs, tuple) else (outputs,)) if x is not None]
            tensors.update({f"tap.{path}.out{i}": x.clone() for i, x in enumerate(outputs)})

        return note_outputs

    for path, module in model.named_modules():
        if re.fullmatch(rf"(single_)?transformer_blocks\.\d+(\.({branches}))?", path):
            module.register_forward_hook(tap(path))
    more = {"added_cond_kwargs": sizes} if sizes or isinstance(model, PixArtTransformer2DModel) else {}
    if img_shapes:
        more["img_shapes"] = [img_shapes] * len(inputs["hidden_states"])
    tensors["out.0"] = model(**inputs, **more).sample
    folder = write(name, type(model).__name__, model, tensors, note, edit_config)
    if img_shapes:
        about = json.loads((folder / "about.json").read_text())
        (folder / "about.json").write_text(json.dumps(about | {"img_shapes": img_shapes}, indent=1))


JOINT_BRANCHES = "attn|ff|ff_context|img_mlp|txt_mlp"


def ids(height, width, first):
    """Positions of image tokens: what comes first, row, column."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    axes = [torch.full((height * width,), x) for x in first] + [rows.flatten(), columns.flatten()]
    return torch.stack(axes, dim=1).float()


def as_transformer_2d(config):
    """As pipelines of diffusers before 0.30 have it."""
    config["_class_name"] = "Transformer2DModel"
    config |= {
        "double_self_attention": False, "num_vector_embeds": None, "only_cross_attention": False, "use_linear_projection": False,
    }


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
    as_transformers_4(clip(
        "clip-old", 14, "end token named wrongly (2, the highest id counts), exact gelu, names and buffer of transformers 4, all hidden states",
        torch.tensor([[38, 5, 2, 39, 7, 7, 7], [38, 1, 39, 39, 39, 39, 39], [38, 3, 4, 5, 6, 8, 39]]),
        vocab_size=40, hidden_size=30, intermediate_size=44, num_hidden_layers=4, num_attention_heads=3, max_position_embeddings=11,
        hidden_act="gelu", eos_token_id=2, bos_token_id=0, layer_norm_eps=1e-3,
    ))
    clip(
        "clip-projection", 15, "projection to more than hidden_size, one layer, tanh gelu, an end token that is not the highest id or is missing",
        torch.tensor([[38, 5, 9, 39, 9], [38, 1, 2, 3, 4], [9, 9, 9, 9, 9]]), CLIPTextModelWithProjection,
        vocab_size=40, hidden_size=16, intermediate_size=20, num_hidden_layers=1, num_attention_heads=4, max_position_embeddings=5,
        hidden_act="gelu_new", eos_token_id=9, projection_dim=27,
    )
    odd_mask = torch.ones(3, 45, dtype=torch.int64)
    odd_mask[0, 30:], odd_mask[1, :7], odd_mask[2, ::3] = 0, 0, 0
    rename(t5(
        "t5-relu", 16, "relu, odd number of buckets, distances beyond the last one, heads wider than the model, odd masks, the embedding's other name",
        odd_mask,
        vocab_size=50, d_model=24, d_kv=7, d_ff=36, num_layers=3, num_heads=5, relative_attention_num_buckets=19,
        relative_attention_max_distance=30, layer_norm_epsilon=1e-4,
    ), lambda key: key.replace("shared.", "encoder.embed_tokens."))

    denoiser(
        "dit-affine", randomize(DiTTransformer2DModel(
            num_attention_heads=2, attention_head_dim=12, in_channels=3, num_layers=3, attention_bias=False, sample_size=10,
            activation_fn="geglu", num_embeds_ada_norm=7, norm_elementwise_affine=True, norm_eps=1e-2,
        ), 31),
        {
            "hidden_states": noise(3, 3, 14, 14, seed=32), "timestep": torch.tensor([0, 999, 31]),
            "class_labels": torch.tensor([0, 7, 3]),
        },
        "norm with weights, geglu, no biases, larger than it was made for, no learned variance; label 7 is no class",
    )
    denoiser(
        "pixart-alpha", randomize(PixArtTransformer2DModel(
            num_attention_heads=3, attention_head_dim=8, num_layers=3, cross_attention_dim=40, sample_size=128,
        ), 33),
        {
            "hidden_states": noise(2, 4, 10, 14, seed=34), "timestep": torch.tensor([7, 900]),
            "encoder_hidden_states": noise(2, 5, 40, seed=35),
            "encoder_attention_mask": torch.tensor([[1, 1, 0, 0, 0], [1, 1, 1, 1, 1]]),
        },
        "sample_size 128 asks for the image's size and halves positions, captions without a projection, not square, config of Transformer2DModel",
        as_transformer_2d,
        {"resolution": torch.tensor([[1024.0, 1024.0], [832.0, 1216.0]]), "aspect_ratio": torch.tensor([[1.0], [0.6842]])},
    )
    denoiser(
        "pixart-sigma", randomize(PixArtTransformer2DModel(
            num_attention_heads=2, attention_head_dim=10, in_channels=3, out_channels=None, num_layers=2, cross_attention_dim=20,
            sample_size=8, caption_channels=9, norm_elementwise_affine=True, attention_bias=False, interpolation_scale=1.5,
            norm_eps=1e-2, activation_fn="swiglu",
        ), 36),
        {
            "hidden_states": noise(2, 3, 9, 15, seed=37), "timestep": torch.tensor([250.5, 1.0]),
            "encoder_hidden_states": noise(2, 6, 9, seed=38),
        },
        "no size conditions, norms with weights, interpolated positions, swiglu, no mask, latents that patches do not divide",
    )
    sd3 = randomize(SD3Transformer2DModel(
        sample_size=10, in_channels=4, num_layers=3, attention_head_dim=8, num_attention_heads=3, joint_attention_dim=10,
        caption_projection_dim=24, pooled_projection_dim=6, out_channels=None, pos_embed_max_size=11, dual_attention_layers=(0, 2),
        qk_norm="layer_norm",
    ), 39)
    sd3.pos_embed.pos_embed += 0.1 * noise(1, 121, 24, seed=40)
    denoiser(
        "sd3-dual-last", sd3,
        {
            "hidden_states": noise(2, 4, 9, 13, seed=41), "timestep": torch.tensor([1000.0, 12.5]),
            "encoder_hidden_states": noise(2, 7, 10, seed=42), "pooled_projections": noise(2, 6, seed=43),
        },
        "second attention in the last block, too, layer norm of queries and keys, latents that patches do not divide, positions no formula gives",
    )
    denoiser(
        "flux-odd",
        randomize(FluxTransformer2DModel(
            patch_size=2, in_channels=7, out_channels=3, num_layers=1, num_single_layers=2, attention_head_dim=14, num_attention_heads=3,
            joint_attention_dim=10, pooled_projection_dim=5, guidance_embeds=True, axes_dims_rope=(2, 4, 8),
        ), 44),
        {
            "hidden_states": noise(3, 35, 7, seed=45), "encoder_hidden_states": noise(3, 1, 10, seed=46),
            "pooled_projections": noise(3, 5, seed=47), "timestep": torch.tensor([0.0, 0.3331, 1.0]),
            "guidance": torch.tensor([0.0, 3.5, 30.0]), "img_ids": ids(5, 7, (1,)) * 100.5, "txt_ids": 10 * noise(1, 3, seed=48),
        },
        "patches of 2, other channels out than in, axes that differ, one text token, positions with fractions, batch of 3",
        branches=JOINT_BRANCHES,
    )
    denoiser(
        "flux2-odd",
        randomize(Flux2Transformer2DModel(
            patch_size=2, in_channels=7, out_channels=3, num_layers=1, num_single_layers=2, attention_head_dim=10, num_attention_heads=3,
            joint_attention_dim=10, timestep_guidance_channels=18, mlp_ratio=2.55, axes_dims_rope=(2, 2, 2, 4), rope_theta=100, eps=1e-2,
            guidance_embeds=False,
        ), 49),
        {
            "hidden_states": noise(2, 35, 7, seed=50), "encoder_hidden_states": noise(2, 3, 10, seed=51),
            "timestep": torch.tensor([0.21, 0.93]), "img_ids": ids(5, 7, (10, 0)).repeat(2, 1, 1), "txt_ids": 10 * noise(2, 3, 4, seed=52),
        },
        "no guidance, a feed forward of 76.5 features rounded down, large eps, few frequencies, positions with a batch, of which the first counts",
        branches=JOINT_BRANCHES,
    )
    masks = torch.ones(2, 11)
    masks[0, 4:], masks[0, 7], masks[1] = 0, 1, 0
    denoiser(
        "qwen-image-edit",
        randomize(QwenImageTransformer2DModel(
            patch_size=1, in_channels=7, out_channels=None, num_layers=2, attention_head_dim=12, num_attention_heads=2, joint_attention_dim=10,
            axes_dims_rope=(2, 4, 6), zero_cond_t=True,
        ), 53),
        {
            "hidden_states": noise(2, 15 + 8 + 2, 7, seed=54), "encoder_hidden_states": noise(2, 11, 10, seed=55),
            "encoder_hidden_states_mask": masks, "timestep": torch.tensor([0.5, 0.123]),
        },
        "two given images, one of two frames, told timestep 0; a mask with holes and a prompt that is masked altogether",
        branches=JOINT_BRANCHES, img_shapes=[(1, 5, 3), (2, 2, 2), (1, 1, 2)],
    )
    denoiser(
        "qwen-image-layered",
        randomize(QwenImageTransformer2DModel(
            in_channels=7, out_channels=2, num_layers=1, attention_head_dim=12, num_attention_heads=2, joint_attention_dim=10,
            axes_dims_rope=(4, 4, 4), use_layer3d_rope=True, use_additional_t_cond=True,
        ), 56),
        {
            "hidden_states": noise(2, 18, 7, seed=57), "encoder_hidden_states": noise(2, 5, 10, seed=58),
            "timestep": torch.tensor([0.5, 0.9]), "additional_t_cond": torch.tensor([1, 0]),
        },
        "layers, the last of them the condition, more than an image is wide; the second condition of the timestep; no mask",
        branches=JOINT_BRANCHES, img_shapes=[(1, 1, 3)] * 6,
    )
    denoiser(
        "unet-odd",
        randomize(UNet2DConditionModel(
            in_channels=3, out_channels=5, block_out_channels=(8, 12, 16), norm_num_groups=4, cross_attention_dim=10,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), layers_per_block=(1, 2, 1),
            attention_head_dim=(1, 5, 2), only_cross_attention=(False, True, False), use_linear_projection=True,
            resnet_time_scale_shift="scale_shift", act_fn="mish", mid_block_scale_factor=1.7, time_cond_proj_dim=6,
            time_embedding_dim=24, flip_sin_to_cos=False, freq_shift=1, center_input_sample=True, conv_in_kernel=5, conv_out_kernel=1,
        ), 59),
        {
            "sample": noise(2, 3, 13, 9, seed=60), "timestep": torch.tensor([761, 3]), "encoder_hidden_states": noise(2, 1, 10, seed=61),
            "timestep_cond": noise(2, 6, seed=62),
        },
        "sizes that levels do not divide, levels that differ in all options, heads that do not divide the width, guidance as an input",
    )
    denoiser(
        "unet-depths",
        randomize(UNet2DConditionModel(
            block_out_channels=(8, 16, 16), norm_num_groups=4, cross_attention_dim=[7, 10, 10], downsample_padding=0,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), attention_head_dim=[2, 2, 4], layers_per_block=2,
            transformer_layers_per_block=[0, [2, 0], [1, 2]], reverse_transformer_layers_per_block=[[0, 1, 2], [1, 1, 0], 1],
            only_cross_attention=[False, False, True], addition_embed_type="text_time", addition_time_embed_dim=6,
            projection_class_embeddings_input_dim=46, num_class_embeds=5, timestep_post_act="gelu", time_embedding_act_fn="silu",
            resnet_skip_time_act=True, resnet_out_scale_factor=2.0, mid_block_only_cross_attention=True, upcast_attention=True,
        ), 63),
        {
            "sample": noise(2, 4, 11, 14, seed=64), "timestep": torch.tensor([20, 999]), "encoder_hidden_states": noise(2, 5, 10, seed=65),
            "class_labels": torch.tensor([3, 0]),
        },
        "a number of transformer blocks for each attention, zero among them, padding 0 with odd sizes, classes beside sizes, options of other block types",
        sizes={"text_embeds": noise(2, 10, seed=66), "time_ids": torch.tensor([[1024.0, 768, 0, 3, 1024, 1024], [512, 100, 7, 0, 9, 11]])},
    )
    denoiser(
        "unet2d-fourier",
        randomize(UNet2DModel(
            block_out_channels=(8, 16, 16), norm_num_groups=4, down_block_types=("AttnDownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"), attention_head_dim=3, attn_norm_num_groups=2, layers_per_block=1,
            downsample_type="resnet", upsample_type="resnet", resnet_time_scale_shift="scale_shift", mid_block_scale_factor=1.4142,
            time_embedding_type="fourier", class_embed_type="timestep", act_fn="gelu",
        ), 67),
        {"sample": noise(2, 3, 8, 12, seed=68), "timestep": torch.tensor([0.02, 3.7]), "class_labels": torch.tensor([1.5, 40.0])},
        "random frequencies for noise levels and classes, residual blocks that resample, heads that do not divide the width",
    )
