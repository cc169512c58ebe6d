#!/usr/bin/env bash
# Measures Poisson arrivals against first-come-first-served to the fastest idle worker: ten unlike workers, and few fast beside many slow.
# Prints JSON. usage: bench/arrivals.sh [--policy NAME] [--seeds N]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
MSBUILDDISABLENODEREUSE=1 dotnet build bench/Placement -c Release -v quiet --nologo -p:UseSharedCompilation=false >&2
dotnet artifacts/bin/PlacementBench/release/LoadBalancer.PlacementBench.dll arrivals "$@"
