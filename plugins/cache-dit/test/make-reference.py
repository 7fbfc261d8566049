"""Writes reference.json: what cache-dit 1.5.3 does to a toy of 4 blocks, with options that no other fixture has.

    pip install cache-dit==1.5.3 diffusers torch && python make-reference.py
"""

import json
import math
from pathlib import Path

import torch
from cache_dit.caching import ForwardPattern
from cache_dit.caching.cache_blocks import CachedBlocks, PrunedBlocks
from cache_dit.caching.cache_contexts import CachedContextManager, PrunedContextManager
from cache_dit.caching.cache_contexts.cache_config import DBCacheConfig, ExtraCacheConfig
from cache_dit.caching.cache_contexts.calibrators import DMDCalibratorConfig, FoCaCalibratorConfig, TaylorSeerCalibratorConfig
from cache_dit.caching.cache_contexts.calibrators.dmd import DMDState
from cache_dit.caching.cache_contexts.prune_config import DBPruneConfig
from cache_dit.caching.cache_types import CacheType

TOKENS, WIDTH = 4, 8


def added(block, step):
    """As `added` in reference.test.ts."""
    values = [
        (1 + 0.3 * block) * (1 + 0.5 * math.sin(e)) + 0.02 * step * step * (1 + block) * math.cos(0.7 * e + block)
        for e in range(TOKENS * WIDTH)
    ]
    return torch.tensor(values).reshape(1, TOKENS, WIDTH)


class Block(torch.nn.Module):
    def __init__(self, index):
        super().__init__()
        self.index = index

    def forward(self, hidden_states, encoder_hidden_states):
        step = torch.tensor(float(Block.step))
        return hidden_states + added(self.index, Block.step), encoder_hidden_states + (1 + self.index) * step * step


def run(options, calibrator=None, steps=12):
    options = dict(options)
    prunes = options.pop("cache_type", "DBCache") == "DBPrune"
    extra = {key: options.pop(key) for key in list(options) if key in ExtraCacheConfig.__dataclass_fields__}
    manager = (PrunedContextManager if prunes else CachedContextManager)(name="toy", persistent_context=False)
    config = (DBPruneConfig if prunes else DBCacheConfig)(**options)
    kinds = {"taylorseer": TaylorSeerCalibratorConfig, "foca": FoCaCalibratorConfig, "dmd": DMDCalibratorConfig}
    chosen = dict(calibrator or {})
    kind = chosen.pop("calibrator_type", None)
    manager.new_context(
        name="toy",
        cache_config=config,
        extra_cache_config=ExtraCacheConfig(**extra),
        calibrator_config=kinds[kind](**chosen) if kind else None,
    )
    blocks = torch.nn.ModuleList([Block(i) for i in range(4)])
    cached = (PrunedBlocks if prunes else CachedBlocks)(
        blocks,
        transformer=torch.nn.Module(),
        forward_pattern=ForwardPattern.Pattern_0,
        check_forward_pattern=False,
        check_num_outputs=False,
        cache_prefix="blocks",
        cache_context="toy",
        context_manager=manager,
        cache_type=CacheType.DBPrune if prunes else CacheType.DBCache,
    )
    outputs, pruned = [], []
    for Block.step in range(steps):
        hidden, encoder = cached(torch.full((1, TOKENS, WIDTH), 2.0), torch.zeros(1, TOKENS, WIDTH))
        outputs.append([round(hidden[0, 0, 0].item(), 6), round(encoder[0, 0, 0].item(), 6)])
        pruned.append(getattr(cached, "pruned_blocks_step", 0))
    context = manager.get_context("toy")
    seen = {"cached_steps": context.cached_steps, "residual_diffs": dict(context.residual_diffs), "outputs": outputs}
    return {**seen, "pruned": pruned} if prunes else seen


base = {"Fn_compute_blocks": 1, "max_warmup_steps": 2, "residual_diff_threshold": 0.3}
prune = {**base, "cache_type": "DBPrune"}
taylor = {"calibrator_type": "taylorseer"}
settings = {
    "important tokens": ({**base, "important_condition_threshold": 0.1}, None),
    "important tokens, none of which is": ({**base, "important_condition_threshold": 0.9}, None),
    "every third channel": ({**base, "downsample_factor": 3}, None),
    "hidden states": ({**base, "l1_hidden_states_diff_threshold": 0.2}, None),
    "taylorseer of order 3": ({**base, "max_warmup_steps": 6, "max_continuous_cached_steps": 2},
                              {**taylor, "taylorseer_order": 3}),
    "taylorseer on hidden states": ({**base, "max_warmup_steps": 4},
                                    {**taylor, "calibrator_cache_type": "hidden_states"}),
    "taylorseer on the image stream alone": ({**base, "max_warmup_steps": 4},
                                             {**taylor, "enable_encoder_calibrator": False}),
    "foca": ({**base, "max_warmup_steps": 3}, {"calibrator_type": "foca"}),
    "dmd": ({**base, "max_warmup_steps": 5}, {"calibrator_type": "dmd"}),
    "dmd on hidden states": ({**base, "max_warmup_steps": 6, "max_continuous_cached_steps": 2},
                             {"calibrator_type": "dmd", "calibrator_cache_type": "hidden_states"}),
    "prune": (prune, None),
    "prune up to a number of steps": ({**prune, "max_cached_steps": 3}, None),
    "prune one step at a time": ({**prune, "max_continuous_cached_steps": 1}, None),
    "prune without block 2": ({**prune, "non_prune_block_ids": [2, 9]}, None),
    "prune with a raised threshold": ({**prune, "residual_diff_threshold": 0.15, "enable_dynamic_prune_threshold": True},
                                      None),
    "prune with a raised threshold and a limit": (
        {**prune, "residual_diff_threshold": 0.15, "enable_dynamic_prune_threshold": True,
         "max_dynamic_prune_threshold": 0.5, "dynamic_prune_threshold_relax_ratio": 2.0}, None),
    "prune with taylorseer": ({**prune, "max_warmup_steps": 4, "force_reduce_calibrator_vram": True}, taylor),
}
cases = [
    {"name": name, "options": {**options, **(calibrator or {})}, **run(options, calibrator)}
    for name, (options, calibrator) in settings.items()
]
lines = ",\n".join(json.dumps(case) for case in cases)
(Path(__file__).parent / "reference.json").write_text(f"[\n{lines}\n]\n")


def waves(step):
    """As `waves` in dmd.test.ts: a batch of two, of modes that fade, grow, swing and drift."""
    items = [
        [
            math.cos(e) * 0.9**step + 0.3 * math.sin(2 * e) * 1.05**step + 0.2 * math.cos(3 * e) * math.cos(0.6 * step),
            math.sin(e) * (1 + 0.01 * step * step) + 0.1 * math.cos(5 * e) * (-0.7) ** step,
        ]
        for e in range(TOKENS * WIDTH)
    ]
    return torch.tensor(items).T.reshape(2, TOKENS, WIDTH)


def follow(computed, steps=16, **options):
    state = DMDState(**options)
    forecasts = {}
    for step in range(steps):
        if step > 0:
            state.mark_step_begin()
        if step in computed:
            state.update(waves(step))
        else:
            forecasts[step] = [round(x, 5) for x in state.approximate()[:, 0, :3].flatten().tolist()]
    return {"computed": computed, "options": options, "forecasts": forecasts}


followed = [
    follow([0, 1, 2, 3, 4, 5, 8, 11, 14]),
    follow([0, 1, 2, 4, 6, 8, 10, 12, 14]),
    follow([0, 3, 6, 9, 12], history=4),
    follow([0, 1, 2, 3, 4, 5, 6], rank=2, ridge=0.01),
    follow([0, 2, 4, 6, 8, 9, 10], rank=1),
]
lines = ",\n".join(json.dumps(case) for case in followed)
(Path(__file__).parent / "dmd.json").write_text(f"[\n{lines}\n]\n")
