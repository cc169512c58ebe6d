#!/usr/bin/env bash
# Measures how fast freed capacity gets its next run and an accepted new worker its first: a private RabbitMQ and PostgreSQL with
# durable settings, the real scheduler as a process, and scripted workers in plain AMQP. usage: bench/dispatch-latency.sh [--json]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
[[ $# = 0 || $* = --json ]] || { echo "usage: bench/dispatch-latency.sh [--json]" >&2; exit 2; }

dir=.servers/bench-$$
trap './servers.sh --dir "$dir" remove >&2' EXIT
MSBUILDDISABLENODEREUSE=1 dotnet build bench/DispatchLatency -c Release -v quiet --nologo -p:UseSharedCompilation=false >&2
./servers.sh --dir "$dir" start >&2
addresses=$(./servers.sh --dir "$dir" env)
eval "$addresses"
dotnet artifacts/bin/DispatchLatency/release/LoadBalancer.DispatchLatency.dll "$@"
