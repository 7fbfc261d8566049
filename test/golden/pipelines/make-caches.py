"""Golden cases of FLUX.1 with caches that the shared fixtures do not have: First Block Cache and MagCache as diffusers
has them, TeaCache as its authors' script for FLUX decides.

Run with torch 2.13, diffusers 0.42.1, transformers 5.23: `python make-caches.py` writes into `flux/golden`. Float32, CPU.
"""

import json
from pathlib import Path

import numpy as np
import torch
from diffusers import FluxPipeline
from diffusers.hooks import FirstBlockCacheConfig, MagCacheConfig
from diffusers.hooks import first_block_cache, mag_cache
from safetensors.torch import save_file

FLUX = Path(__file__).parent / "flux"
LATENT_CHANNELS, SCALE, STEPS = 4, 8, 14
CALL = {"prompt": "slightly smiling cat face", "guidance_scale": 3.5, "num_inference_steps": STEPS}
CALL |= {"height": 32, "width": 48, "max_sequence_length": 24}
COEFFICIENTS = [4.98651651e02, -2.83781631e02, 5.58554382e01, -3.82021401e00, 2.64230861e-01]


def relative(before, now):
    return ((now - before).abs().mean() / before.abs().mean()).item()


def run(name, plugin, options, prepare):
    """`prepare(transformer)` puts the cache in; it returns the dict of what is found, step by step."""
    pipeline = FluxPipeline.from_pretrained(FLUX, local_files_only=True)
    found = prepare(pipeline.transformer)
    height, width = CALL["height"] // SCALE, CALL["width"] // SCALE
    latents = torch.randn(1, LATENT_CHANNELS, height, width, generator=torch.Generator().manual_seed(17))
    packed = FluxPipeline._pack_latents(latents, 1, LATENT_CHANNELS, height, width)
    image = torch.from_numpy(pipeline(**CALL, latents=packed, output_type="np").images).float()[0].contiguous()
    if name is None:
        return found
    found.pop("ratios", None)
    save_file({"in.latents": latents, "out.image": image}, FLUX / "golden" / f"{name}.safetensors")
    case = {"call": CALL, "plugin": plugin, "options": options, "stats": {"cond": found}}
    (FLUX / "golden" / f"{name}.json").write_text(json.dumps(case, indent=1) + "\n")
    return found


def first_block(threshold):
    def prepare(transformer):
        found = {"cached_steps": [], "residual_diffs": {}}
        step = iter(range(STEPS))

        def decide(self, now):
            at = next(step)
            before = self.state_manager.get_state().head_block_residual
            if before is not None:
                found["residual_diffs"][str(at)] = relative(before, now)
            compute = decided(self, now)
            if not compute:
                found["cached_steps"].append(at)
            return compute

        decided = first_block_cache.FBCHeadBlockHook._should_compute_remaining_blocks
        first_block_cache.FBCHeadBlockHook._should_compute_remaining_blocks = decide
        transformer.enable_cache(FirstBlockCacheConfig(threshold=threshold))
        return found

    return prepare


def mag(**options):
    def prepare(transformer):
        found = {"cached_steps": [], "ratios": []}

        def advance(self, state):
            if not state.should_compute:
                found["cached_steps"].append(state.step_index)
            found["ratios"] = list(state.calibration_ratios)
            advance_as_is(self, state)

        mag_cache.MagCacheBlockHook._advance_step = advance
        transformer.enable_cache(MagCacheConfig(num_inference_steps=STEPS, **options))
        return found

    return prepare


advance_as_is = mag_cache.MagCacheBlockHook._advance_step


class TeaCache(torch.nn.Module):
    """In place of all blocks: reads the modulated input of the first one, as `TeaCache4FLUX` does."""

    def __init__(self, transformer, threshold, coefficients, found):
        super().__init__()
        self.blocks = torch.nn.ModuleList([*transformer.transformer_blocks, *transformer.single_transformer_blocks])
        self.threshold, self.rescale, self.found = threshold, np.poly1d(coefficients), found
        self.step, self.accumulated, self.before, self.residual = 0, 0.0, None, None

    def forward(self, hidden_states, encoder_hidden_states, temb, image_rotary_emb=None, joint_attention_kwargs=None):
        modulated = self.blocks[0].norm1(hidden_states, emb=temb)[0]
        compute = self.step in (0, STEPS - 1)
        if compute:
            self.accumulated = 0.0
        else:
            difference = relative(self.before, modulated)
            self.accumulated += self.rescale(difference)
            self.found["input_diffs"][str(self.step)] = difference
            self.found["accumulated"][str(self.step)] = self.accumulated
            compute = self.accumulated >= self.threshold
            if compute:
                self.accumulated = 0.0
        self.before = modulated
        if compute:
            given = hidden_states
            for block in self.blocks:
                encoder_hidden_states, hidden_states = block(
                    hidden_states=hidden_states,
                    encoder_hidden_states=encoder_hidden_states,
                    temb=temb,
                    image_rotary_emb=image_rotary_emb,
                )
            self.residual = hidden_states - given
        else:
            self.found["cached_steps"].append(self.step)
            hidden_states = hidden_states + self.residual
        self.step += 1
        return encoder_hidden_states, hidden_states


def tea(threshold, coefficients):
    def prepare(transformer):
        found = {"cached_steps": [], "input_diffs": {}, "accumulated": {}}
        wrapper = TeaCache(transformer, threshold, coefficients, found)
        transformer.transformer_blocks = torch.nn.ModuleList([wrapper])
        transformer.single_transformer_blocks = torch.nn.ModuleList()
        return found

    return prepare


run("fbcache-diffusers", "fbcache", {"threshold": 0.6, "rule": "diffusers"}, first_block(0.6))
run("teacache", "teacache", {"rel_l1_thresh": 0.6}, tea(0.6, COEFFICIENTS))
ratios = run(None, "magcache", {}, mag(calibrate=True))["ratios"]
options = {"threshold": 0.12, "max_skip_steps": 2, "retention_ratio": 0.2, "mag_ratios": ratios}
run("magcache", "magcache", options, mag(**options))
