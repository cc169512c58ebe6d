#!/usr/bin/env bash
# Measures a burst of 400 jobs on K80, P100 and V100 devices against the bound of the linear program, with history and cold.
# Prints JSON. usage: bench/devices.sh [--policy NAME] [--seeds N]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
MSBUILDDISABLENODEREUSE=1 dotnet build bench/Placement -c Release -v quiet --nologo -p:UseSharedCompilation=false >&2
dotnet artifacts/bin/PlacementBench/release/LoadBalancer.PlacementBench.dll devices "$@"
