#!/usr/bin/env bash
# Measures a burst of 500 tests on ten unlike workers: makespan against the lower bound, completion against longest-first.
# Prints JSON. usage: bench/burst.sh [--policy NAME] [--seeds N]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
MSBUILDDISABLENODEREUSE=1 dotnet build bench/Placement -c Release -v quiet --nologo -p:UseSharedCompilation=false >&2
dotnet artifacts/bin/PlacementBench/release/LoadBalancer.PlacementBench.dll burst "$@"
