#!/usr/bin/env bash
# Measures how many tests a second pass through everything on this machine, and how long a submission takes to start: a private RabbitMQ
# and PostgreSQL with durable settings, the scheduler and four workers as processes, tests that end at once.
# usage: bench/throughput.sh [--tests N] [--json | --product [--waiting]]
# Prints JSON; --product measures it once, without what it is compared with, and without 100,000 waiting runs but with --waiting.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
options=()
for option; do [ "$option" = --json ] || options+=("$option"); done
[[ " ${options[*]-}" =~ ^(\ --tests\ [0-9]+)?(\ --product(\ --waiting)?)?\ ?$ ]] || { echo "usage: bench/throughput.sh [--tests N] [--json | --product [--waiting]]" >&2; exit 2; }

dir=.servers/bench-$$
trap './servers.sh --dir "$dir" remove >&2' EXIT
for project in NoOpWorker Throughput; do
    MSBUILDDISABLENODEREUSE=1 dotnet build bench/$project -c Release -v quiet --nologo -p:UseSharedCompilation=false >&2
done
./servers.sh --dir "$dir" start >&2
addresses=$(./servers.sh --dir "$dir" env)
eval "$addresses"
export LB_SERVERS_DIRECTORY=$dir
LB_SERVER_PIDS="$(cat "$dir/rabbitmq/rabbitmq.pid") $(head -n 1 "$(cat "$dir/postgres.path")/data/postmaster.pid")"
export LB_SERVER_PIDS
dotnet artifacts/bin/Throughput/release/LoadBalancer.Throughput.dll "${options[@]}"
