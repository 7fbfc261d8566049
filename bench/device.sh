#!/usr/bin/env bash
# What a GPU does, in at most 6 minutes with all that has to be installed first: probe, figures of four models in float32,
# float16 and 4 bits, with and without step caches, and with PyTorch where that is there, and golden cases. From a clean
# checkout, with nothing but Node.
#
#   bench/device.sh                     webgpu, full sizes, random weights made here
#   bench/device.sh cuda                another provider
#   bench/device.sh webgpu --small      small models, for a driver that is no GPU
#   bench/device.sh webgpu dit torch    some parts: probe emoji sd15 dit z-image torch golden
#
# --minutes 6 is all of the time, --out bench-device.json the file, SKIPSTEP_PYTHON the Python that has PyTorch.
set -euo pipefail
SKIPSTEP_BENCH_BEGAN="$(node -p 'Date.now()')"
export SKIPSTEP_BENCH_BEGAN
cd "$(dirname "$0")/.."
node -e 'import("./scripts/pnpm.mjs").then(({ install }) => install())'
exec node --import tsx --conditions=@skipstep/source bench/device.ts "$@"
