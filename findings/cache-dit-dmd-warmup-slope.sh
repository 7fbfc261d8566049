#!/usr/bin/env bash
# cache-dit 1.5.3, calibrator DMD: until there are four evenly spaced values it is to forecast as TaylorSeer does, in a
# line through the last two. Its slope is twice as steep: it takes away the value before the last one, and divides by one
# gap. On values that grow by one a step, computed at steps 0, 2 and 4, TaylorSeer says 5, 6 and 7 for the next ones, and
# DMD 6, 8 and 10. So what is reused between the first computed steps overshoots.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.13.0 diffusers==0.42.1 transformers==5.24.0 cache-dit==1.5.3
cat > "$folder/line.py" <<'PY'
import torch
from cache_dit.caching.cache_contexts.calibrators.dmd import DMDState
from cache_dit.caching.cache_contexts.calibrators.taylorseer import TaylorSeerState


def forecasts(state, computed=(0, 2, 4), last=7):
    found = []
    for step in range(last + 1):
        state.mark_step_begin()
        if step in computed:
            state.update(torch.full((1, 4), float(step)))
        elif step > max(computed):
            found.append(state.approximate().mean().item())
    return found


print("FOUND taylorseer", forecasts(TaylorSeerState(n_derivatives=1)), "dmd", forecasts(DMDState(n_derivatives=1)))
PY
found=$("$folder/venv/bin/python" "$folder/line.py" 2>/dev/null | grep FOUND)
echo "$found"
[ "$found" = "FOUND taylorseer [5.0, 6.0, 7.0] dmd [6.0, 8.0, 10.0]" ]
