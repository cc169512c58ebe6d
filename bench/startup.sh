#!/usr/bin/env bash
# Measures how long the scheduler takes from the start of its process until it is ready, with 1,000,000 ended, 100,000 waiting and 10,000
# running runs in its database: a private RabbitMQ and PostgreSQL with durable settings. Prints JSON. usage: bench/startup.sh [--json]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
[[ $# = 0 || $* = --json ]] || { echo "usage: bench/startup.sh [--json]" >&2; exit 2; }

dir=.servers/bench-$$
trap './servers.sh --dir "$dir" remove >&2' EXIT
MSBUILDDISABLENODEREUSE=1 dotnet build bench/Startup -c Release -v quiet --nologo -p:UseSharedCompilation=false >&2
./servers.sh --dir "$dir" start >&2
addresses=$(./servers.sh --dir "$dir" env)
eval "$addresses"
dotnet artifacts/bin/Startup/release/LoadBalancer.Startup.dll
