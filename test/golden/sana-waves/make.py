"""What the reference's models compute with weights and inputs of waves, which the test makes as well.

Made with torch 2.13, diffusers 0.42.1 and transformers 5.24.0: python make.py > expected.json
"""
import json
import math

import torch
from diffusers import AutoencoderDC, SanaTransformer2DModel, SCMScheduler
from transformers import Gemma2Config, Gemma2Model


def wave(shape, seed):
    size = math.prod(shape)
    values = [math.sin(1 + i * 0.7 + seed * 13.7 + (i % 11) * seed) for i in range(size)]
    return torch.tensor(values, dtype=torch.float32).reshape(shape)


def with_waves(model):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            fan_in = max(1, math.prod(parameter.shape[1:]))
            parameter.copy_(wave(parameter.shape, sum(map(ord, name)) % 97 / 10) / math.sqrt(fan_in))
    return model.eval()


def told(tensor):
    return {"shape": list(tensor.shape), "values": [float(f"{x:.7g}") for x in tensor.flatten().tolist()]}


def case(class_, config, inputs, outputs):
    inputs = {name: value if isinstance(value, dict) else told(value) for name, value in inputs.items()}
    return {"class_": class_, "config": config, "in": inputs, "out": {k: told(v) for k, v in outputs.items()}}


def of_wave(shape, seed):
    return {"shape": shape, "seed": seed}


def sana(**more):
    config = dict(
        in_channels=2, out_channels=2, num_attention_heads=2, attention_head_dim=4, num_layers=2,
        num_cross_attention_heads=2, cross_attention_head_dim=4, cross_attention_dim=8, caption_channels=6,
        sample_size=4, **more,
    )
    model = with_waves(SanaTransformer2DModel(**config))
    given = {"hidden_states": ([2, 2, 2, 4], 0.3), "encoder_hidden_states": ([2, 4, 6], 0.9)}
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    inputs = {"timestep": torch.tensor([700.0, 0.3]), "encoder_attention_mask": mask}
    if model.config.guidance_embeds:
        inputs["guidance"] = torch.tensor([0.45, 0.2])
    out = model(**{k: wave(*v) for k, v in given.items()}, **inputs).sample
    return case("SanaTransformer2DModel", config, {**{k: of_wave(*v) for k, v in given.items()}, **inputs}, {"sample": out})


def dc(**more):
    config = dict(
        latent_channels=2, attention_head_dim=2, encoder_block_types=["ResBlock", "EfficientViTBlock"],
        decoder_block_types=["ResBlock", "EfficientViTBlock"], encoder_block_out_channels=[4, 8],
        decoder_block_out_channels=[4, 8], **more,
    )
    model = with_waves(AutoencoderDC(**config))
    sample, z = ([1, 3, 4, 8], 0.2), ([1, 2, 2, 4], 0.4)
    outputs = {"latents": model.encode(wave(*sample)).latent, "sample": model.decode(wave(*z)).sample}
    return case("AutoencoderDC", config, {"sample": of_wave(*sample), "z": of_wave(*z)}, outputs)


def gemma(**more):
    config = dict(
        vocab_size=20, hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=4, query_pre_attn_scalar=3, attn_logit_softcapping=1.5, **more,
    )
    model = with_waves(Gemma2Model._from_config(Gemma2Config(**config), attn_implementation="eager"))
    ids, mask = torch.tensor([[2, 7, 5, 11, 19, 3]]), torch.tensor([[1, 1, 1, 1, 1, 1]])
    hidden = model(input_ids=ids, attention_mask=mask)[0]
    return case("Gemma2Model", config, {"input_ids": ids, "attention_mask": mask}, {"hidden": hidden})


def scm(steps, **timesteps):
    """Samples and predictions are divided by sigma_data on their way out."""
    scheduler = SCMScheduler()
    scheduler.set_timesteps(steps, **timesteps)
    sample = wave([1, 1, 2, 8], 0.1) * 0.5
    rows = []
    for i, t in enumerate(scheduler.timesteps[:-1]):
        generator = torch.Generator().manual_seed(i)
        scheduler.set_begin_index(i)
        scheduler._step_index = None
        sample = scheduler.step(wave([1, 1, 2, 8], 1 + i) * 0.5, t, sample, generator=generator, return_dict=False)[0]
        rows.append(sample / 0.5)
    return {"class_": "SCMScheduler", "num_inference_steps": steps, "timesteps": scheduler.timesteps.tolist(), "out": told(torch.stack(rows))}


sprint = dict(guidance_embeds=True, qk_norm="rms_norm_across_heads")
other = dict(interpolation_scale=2.0, patch_size=2, attention_bias=True, norm_elementwise_affine=True)
plain = dict(downsample_block_type="Conv", upsample_block_type="interpolate", encoder_layers_per_block=[1, 1], decoder_layers_per_block=[1, 1], encoder_qkv_multiscales=[[], []], decoder_qkv_multiscales=[[], [5]])
shuffled = dict(encoder_layers_per_block=[0, 1], decoder_layers_per_block=[0, 1], encoder_qkv_multiscales=[[], [3]], decoder_qkv_multiscales=[[], []], encoder_out_shortcut=False, decoder_in_shortcut=False)
with torch.no_grad():
    cases = {
        "SANA": sana(), "SANA-Sprint": sana(**sprint), "SANA with positions": sana(**other),
        "DC-AE that resamples": dc(**plain), "DC-AE that shuffles": dc(**shuffled),
        "Gemma 2": gemma(), "Gemma 2 with a short window": gemma(sliding_window=2, attention_bias=True),
        "two steps": scm(2), "four steps": scm(4, intermediate_timesteps=None), "one step": scm(1, intermediate_timesteps=None),
    }
print(json.dumps(cases))
