#!/usr/bin/env bash
# Measures the planner alone: decisions per second, the longest steps, how they grow with the fleet, memory per waiting run.
# Prints JSON. usage: bench/planning.sh [--policy NAME]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
MSBUILDDISABLENODEREUSE=1 dotnet build bench/Placement -c Release -v quiet --nologo -p:UseSharedCompilation=false >&2
dotnet artifacts/bin/PlacementBench/release/LoadBalancer.PlacementBench.dll planning "$@"
