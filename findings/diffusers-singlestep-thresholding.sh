#!/usr/bin/env bash
# diffusers 0.42.1 (torch 2.13.0, CPU): DPMSolverSinglestepScheduler takes `thresholding` with algorithm_type "dpmsolver"
# when it is made, and raises a RuntimeError at a step: a tensor of 1000 elements, one for each timestep of training,
# meets the sample. With "dpmsolver++" the same call runs. Seen: "dpmsolver: RuntimeError", "dpmsolver++: ran 8 steps".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.13.0 diffusers==0.42.1
found=$("$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import torch
from diffusers import DPMSolverSinglestepScheduler

for algorithm, last in [("dpmsolver", "sigma_min"), ("dpmsolver++", "zero")]:
    scheduler = DPMSolverSinglestepScheduler(algorithm_type=algorithm, final_sigmas_type=last, thresholding=True)
    scheduler.set_timesteps(8)
    generator = torch.Generator().manual_seed(0)
    sample = torch.randn(1, 4, 8, 8, generator=generator)
    try:
        for timestep in scheduler.timesteps:
            sample = scheduler.step(torch.randn(1, 4, 8, 8, generator=generator), timestep, sample).prev_sample
        print(f"{algorithm}: ran {len(scheduler.timesteps)} steps")
    except Exception as error:
        print(f"{algorithm}: {type(error).__name__}")
PYTHON
)
echo "$found"
[ "$found" = $'dpmsolver: RuntimeError\ndpmsolver++: ran 8 steps' ]
