#!/usr/bin/env bash
# diffusers 0.42.1 (torch 2.13.0, CPU): DEISMultistepScheduler with cosine betas (squaredcos_cap_v2) and Karras' noise
# levels ends in an IndexError in the middle of its steps; each of the two alone runs. Seen: the four lines below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.13.0 diffusers==0.42.1
found=$("$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import torch
from diffusers import DEISMultistepScheduler

for betas in ["linear", "squaredcos_cap_v2"]:
    for karras in [False, True]:
        scheduler = DEISMultistepScheduler(beta_schedule=betas, use_karras_sigmas=karras)
        scheduler.set_timesteps(8)
        generator = torch.Generator().manual_seed(0)
        sample = torch.randn(1, 4, 8, 8, generator=generator)
        try:
            for timestep in scheduler.timesteps:
                sample = scheduler.step(torch.randn(1, 4, 8, 8, generator=generator), timestep, sample).prev_sample
            print(f"{betas}, karras {karras}: ran {len(scheduler.timesteps)} steps")
        except Exception as error:
            print(f"{betas}, karras {karras}: {type(error).__name__}")
PYTHON
)
echo "$found"
[ "$found" = $'linear, karras False: ran 8 steps\nlinear, karras True: ran 8 steps\nsquaredcos_cap_v2, karras False: ran 8 steps\nsquaredcos_cap_v2, karras True: IndexError' ]
