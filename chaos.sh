#!/usr/bin/env bash
# Kills and freezes schedulers, workers, RabbitMQ and PostgreSQL at random while tests are submitted, and judges by what the tests
# themselves wrote and what was announced whether anything was lost, doubled or overlapped. Servers of its own with durable settings;
# nothing is left running. The same seed makes the same faults.
# usage: ./chaos.sh [--seconds N] [--seed S] [--schedulers 1|2|3] [--json] [--keep]
# --schedulers: of several one leads and the others stand by. --keep: keeps journal, events and logs even when nothing is found
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
keep=0 options=()
for option; do if [ "$option" = --keep ]; then keep=1; else options+=("$option"); fi; done
[[ " ${options[*]}" =~ ^(\ --json|\ --seconds\ [0-9]+|\ --seed\ [0-9]+|\ --schedulers\ [1-3]|\ )*$ ]] || {
    echo "usage: ./chaos.sh [--seconds N] [--seed S] [--schedulers 1|2|3] [--json] [--keep]" >&2
    exit 2
}

dir=.servers/chaos-$$
program=

# shellcheck disable=SC2317 # run by the trap
# kill9 first: a server that is still frozen would not hear that it should stop.
finish() {
    local status=$?
    trap - EXIT
    if [ -d "$dir/servers" ]; then
        for server in rabbitmq postgres; do ./servers.sh --dir "$dir/servers" kill9 "$server" >/dev/null 2>&1 || true; done
        ./servers.sh --dir "$dir/servers" remove >&2 || true
    fi
    if [ "$keep" = 1 ] || [ "$status" = 1 ] || [ "$status" = 3 ]; then
        echo "chaos.sh: journal, events and logs are in $dir" >&2
    else
        rm -rf "$dir"
    fi
    exit "$status"
}

# shellcheck disable=SC2317 # run by the trap
# The program heals what it hurt and ends what it started; then finish removes the servers.
interrupt() {
    if [ -n "$program" ]; then kill -TERM "$program" 2>/dev/null || true; else exit 4; fi
}

trap finish EXIT
trap interrupt INT TERM
mkdir -p "$dir"
MSBUILDDISABLENODEREUSE=1 dotnet build bench/Chaos -c Release -v quiet --nologo -p:UseSharedCompilation=false >&2
./servers.sh --dir "$dir/servers" start >&2
addresses=$(./servers.sh --dir "$dir/servers" env)
eval "$addresses"
dotnet artifacts/bin/Chaos/release/LoadBalancer.Chaos.dll "${options[@]}" --dir "$dir" &
program=$!
status=0
wait $program || status=$?
# A signal interrupts the wait, not the program.
while kill -0 $program 2>/dev/null; do
    status=0
    wait $program || status=$?
done
exit "$status"
