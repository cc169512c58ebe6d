#!/usr/bin/env bash
# A private RabbitMQ node with management and a private PostgreSQL server, as ordinary processes on loopback.
# All state lives under .servers/ (or --dir). The machine's own broker, its epmd and its database clusters are not touched.
# Settings are durable: what was confirmed survives a crash of the processes and of the machine.
set -euo pipefail

usage() {
    cat >&2 <<'USAGE'
usage: ./servers.sh [--dir DIR] COMMAND [rabbitmq|postgres]     without a name, both
  start      starts what does not run; installs Debian's packages first where they are missing and it may
  stop       stops cleanly; data and ports are kept
  restart    stop, then start
  kill9      crashes the server with SIGKILL; start brings it back
  status     exit 0 when it runs, 3 when it does not
  env        prints the addresses as shell exports: eval "$(./servers.sh env)"
  install    only installs what is missing
  remove     stops, and deletes the data
USAGE
    exit 2
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$root/.servers
if [ "${1-}" = --dir ]; then
    dir=${2:?--dir needs a directory}
    shift 2
fi
command=${1-}
servers=${2-rabbitmq postgres}
[[ $# -ge 1 && $# -le 2 && $servers =~ ^(rabbitmq|postgres|rabbitmq\ postgres)$ ]] || usage

say() { echo "servers.sh: $*" >&2; }

fail() {
    say "$1"
    exit "${2-1}"
}

now_ms() { local now=${EPOCHREALTIME/[.,]/}; echo "${now:0:-3}"; }

# --- programs ---------------------------------------------------------------------------------------------------------

newest() { find "$1" -maxdepth 3 -path "$2" 2>/dev/null | sort -V | tail -n 1; }

# Not /usr/sbin/rabbitmq-server: that wrapper switches to the user rabbitmq.
rabbitmq_programs() { newest /usr/lib/rabbitmq/lib '*/rabbitmq_server-*/sbin'; }

# The client's package makes the same directory, without initdb.
postgres_programs() {
    local initdb
    initdb=$(newest /usr/lib/postgresql '*/bin/initdb')
    echo "${initdb%/initdb}"
}

missing_packages() {
    [[ $servers != *rabbitmq* || -n $(rabbitmq_programs) ]] || echo rabbitmq-server
    [[ $servers != *postgres* || -n $(postgres_programs) ]] || echo postgresql
}

install_programs() {
    local missing
    missing=$(missing_packages | tr '\n' ' ')
    missing=${missing% }
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || fail "not installed: $missing (the packages are named as in Debian; there is no apt-get here)"
    [ "$(id -u)" = 0 ] || fail "not installed: $missing; run as root, or: sudo apt-get install $missing"
    say "installing $missing"
    install_quietly "$missing" || fail "apt-get could not install $missing; its output is in $dir/install.log"
}

# A subshell: policy-rc.d keeps the packages from starting system services and is put back on every way out, also after
# the function has returned, which is why its names are not local.
install_quietly() ( # PACKAGES
    policy=/usr/sbin/policy-rc.d
    kept=
    if [ -e $policy ]; then
        kept=$(mktemp)
        cp -p $policy "$kept"
    fi
    trap 'if [ -n "$kept" ]; then cp -p "$kept" '$policy'; rm -f "$kept"; else rm -f '$policy'; fi' EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # a list of names
    { apt-get update && apt-get install -y --no-install-recommends $1; } >"$dir/install.log" 2>&1
)

# --- processes and ports ----------------------------------------------------------------------------------------------

# Below the range the kernel gives to outgoing connections, so that nothing takes the port before we listen on it.
free_port() {
    local port
    while :; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        is_open "$port" || { echo "$port"; return; }
    done
}

is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A process that has ended but was never reaped still answers kill -0, so look at its state.
alive() { # PID
    local stat
    [ -n "$1" ] && { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    stat=${stat##*) }
    [[ ${stat:0:1} != [ZX] ]]
}

# Only ever signal a process that carries our environment: a process id may have been reused.
ours() { # PID VARIABLE=VALUE
    alive "$1" && tr '\0' '\n' 2>/dev/null <"/proc/$1/environ" | grep -qxF "$2"
}

wait_gone() { # PID SECONDS
    local end=$(($(now_ms) + $2 * 1000))
    while alive "$1"; do
        [ "$(now_ms)" -lt "$end" ] || return 1
        sleep 0.1
    done
}

password() { cat "$dir/password"; }

# --- RabbitMQ ---------------------------------------------------------------------------------------------------------

rabbitmq_load() {
    home=$dir/rabbitmq
    [ -f "$home/ports" ] || return 1
    # shellcheck source=/dev/null
    . "$home/ports"
    environment=(PATH="$PATH" LANG=C.UTF-8 HOME="$home/home" RABBITMQ_NODENAME=loadbalancer@localhost
        RABBITMQ_MNESIA_BASE="$home/mnesia" RABBITMQ_LOG_BASE="$home/log" RABBITMQ_PID_FILE="$home/rabbitmq.pid"
        RABBITMQ_CONFIG_FILE="$home/rabbitmq.conf" RABBITMQ_ADVANCED_CONFIG_FILE="$home/advanced.config"
        RABBITMQ_ENABLED_PLUGINS_FILE="$home/enabled_plugins" RABBITMQ_CONF_ENV_FILE=/dev/null
        RABBITMQ_DIST_PORT="$dist" ERL_EPMD_PORT="$epmd" ERL_EPMD_ADDRESS=127.0.0.1)
}

rabbitmq_configure() {
    home=$dir/rabbitmq
    mkdir -p "$home/home" "$home/mnesia" "$home/log"
    chmod 700 "$home"
    local amqp management
    amqp=$(free_port) management=$(free_port)
    printf '%s\n' "amqp=$amqp" "management=$management" "dist=$(free_port)" "epmd=$(free_port)" >"$home/ports"
    cat >"$home/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$amqp
management.tcp.ip = 127.0.0.1
management.tcp.port = $management
default_vhost = loadbalancer
default_user = loadbalancer
default_pass = $(password)
vm_memory_high_watermark.absolute = 512MB
disk_free_limit.absolute = 50MB
CONF
    echo '[{kernel,[{inet_dist_use_interface,{127,0,0,1}}]}].' >"$home/advanced.config" # else it listens on all addresses
    echo '[rabbitmq_management].' >"$home/enabled_plugins"
}

rabbitmq_recorded() { cat "$home/$1.pid" 2>/dev/null || true; }

rabbitmq_ours() { ours "$(rabbitmq_recorded "$1")" "RABBITMQ_MNESIA_BASE=$home/mnesia"; }

# An open port may be somebody else's. The node prints this line when all its listeners are up.
rabbitmq_ready() { grep -qs 'Starting broker... completed with' "$home/output"; }

rabbitmq_running() { rabbitmq_load && rabbitmq_ours wrapper && rabbitmq_ready; }

rabbitmq_start() {
    rabbitmq_running && return
    if ! rabbitmq_load || is_open "$amqp" || is_open "$management" || is_open "$dist"; then rabbitmq_configure; fi
    rabbitmq_load
    local end=$(($(now_ms) + 120000))
    rm -f "$home/rabbitmq.pid" "$home/output"
    if ! rabbitmq_ours epmd; then # our own, in the foreground: it can be stopped by its id
        env -i "${environment[@]}" setsid epmd -address 127.0.0.1 -port "$epmd" </dev/null >/dev/null 2>&1 &
        echo $! >"$home/epmd.pid"
    fi
    env -i "${environment[@]}" setsid "$(rabbitmq_programs)/rabbitmq-server" </dev/null >"$home/output" 2>&1 &
    echo $! >"$home/wrapper.pid"
    until rabbitmq_ready; do
        alive "$(rabbitmq_recorded wrapper)" || rabbitmq_failed "RabbitMQ ended while starting"
        [ "$(now_ms)" -lt "$end" ] || rabbitmq_failed "RabbitMQ was not ready after 120 s"
        sleep 0.1
    done
}

rabbitmq_failed() {
    tail -n 5 "$home/output" | cut -c 1-300 >&2
    rabbitmq_stop
    fail "$1; its output is in $home/output"
}

rabbitmq_stop() {
    rabbitmq_load || return 0
    # The Erlang VM deletes its file early in a shutdown, so read it first.
    local vm wrapper epmd_id
    vm=$(rabbitmq_recorded rabbitmq) wrapper=$(rabbitmq_recorded wrapper) epmd_id=$(rabbitmq_recorded epmd)
    rabbitmq_ours rabbitmq || vm=$wrapper
    if ours "$vm" "RABBITMQ_MNESIA_BASE=$home/mnesia"; then
        kill -TERM "$vm"
        wait_gone "$vm" 60 || true
    fi
    # A node that was only just starting can miss the signal. The wrapper leads the process group.
    if rabbitmq_ours wrapper; then wait_gone "$wrapper" 10 || kill -KILL -- "-$wrapper"; fi
    if rabbitmq_ours epmd; then
        kill -TERM "$epmd_id"
        wait_gone "$epmd_id" 10 || kill -KILL "$epmd_id"
    fi
    rm -f "$home/epmd.pid" "$home/wrapper.pid"
}

rabbitmq_kill9() {
    if ! rabbitmq_load || ! rabbitmq_ours rabbitmq; then fail "rabbitmq is not running" 3; fi
    local vm
    vm=$(rabbitmq_recorded rabbitmq)
    kill -KILL "$vm"
    # A start before the old VM is gone fails with dist_port_already_used.
    wait_gone "$vm" 10
    wait_gone "$(rabbitmq_recorded wrapper)" 10
}

rabbitmq_address() { echo "amqp 127.0.0.1:$amqp, management http://127.0.0.1:$management/"; }

rabbitmq_env() {
    echo "export Broker__Url='amqp://loadbalancer:$(password)@127.0.0.1:$amqp/loadbalancer'"
    echo "export LB_MANAGEMENT_URL='http://loadbalancer:$(password)@127.0.0.1:$management/'"
}

# --- PostgreSQL -------------------------------------------------------------------------------------------------------

# initdb and postgres refuse root: then they run as the user postgres.
as_server() {
    local user=()
    [ "$(id -u)" != 0 ] || user=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    "${user[@]}" env -i PATH="$PATH" HOME=/ LANG=C.UTF-8 "$@"
}

postgres_load() {
    cluster=$(cat "$dir/postgres.path" 2>/dev/null) && [ -f "$cluster/port" ] || return 1
    port=$(cat "$cluster/port")
    cd "$cluster" # the server's user must be able to enter the working directory
}

# The user postgres must be able to reach its directory. Where a parent is closed to it, one under /var/tmp is used and remembered.
postgres_choose_directory() {
    cluster=$dir/postgres
    mkdir -p "$cluster"
    [ "$(id -u)" != 0 ] || chown postgres: "$cluster"
    if ! (cd / && as_server test -w "$cluster" -a -x "$cluster"); then
        rmdir "$cluster"
        cluster=$(mktemp -d /var/tmp/loadbalancer-postgres-XXXXXX)
        chown postgres: "$cluster"
        say "the user postgres cannot enter $dir: its data is in $cluster"
    fi
    echo "$cluster" >"$dir/postgres.path"
    free_port >"$cluster/port"
}

postgres_initialise() {
    cd "$cluster"
    local secret
    secret=$(mktemp)
    password >"$secret"
    [ "$(id -u)" != 0 ] || chown postgres: "$secret"
    as_server "$(postgres_programs)/initdb" -D "$cluster/data" -U loadbalancer -A scram-sha-256 --pwfile="$secret" \
        --locale=C.UTF-8 -E UTF8 >"$dir/initdb.log" 2>&1 || {
        rm -f "$secret"
        fail "initdb failed; its output is in $dir/initdb.log"
    }
    rm -f "$secret"
}

postgres_control() { as_server "$(postgres_programs)/pg_ctl" -D "$cluster/data" -w -t 120 "$@"; }

postgres_main() { head -n 1 "$cluster/data/postmaster.pid" 2>/dev/null || true; }

# Not "pg_ctl status": it takes a process that has ended but was never reaped for a running one.
postgres_running() { postgres_load && ours "$(postgres_main)" "PGDATA=$cluster/data"; }

postgres_start() {
    postgres_running && return
    postgres_load || postgres_choose_directory
    [ -f "$cluster/data/PG_VERSION" ] || postgres_initialise
    if is_open "$(cat "$cluster/port")"; then free_port >"$cluster/port"; fi
    postgres_load
    # No Unix socket: its path is limited to 107 bytes.
    postgres_control -l "$cluster/log" -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200" \
        start >/dev/null 2>&1 || fail "PostgreSQL did not start; its output is in $cluster/log"
    postgres_query 'CREATE DATABASE loadbalancer' >/dev/null 2>&1 || postgres_query 'SELECT 1' loadbalancer >/dev/null
}

postgres_query() { # SQL [DATABASE]
    PGPASSWORD=$(password) "$(postgres_programs)/psql" -h 127.0.0.1 -p "$port" -U loadbalancer -d "${2-postgres}" -qAtc "$1"
}

postgres_stop() {
    postgres_running || return 0
    postgres_control -m fast stop >/dev/null
}

postgres_kill9() {
    postgres_running || fail "postgres is not running" 3
    local main children
    main=$(postgres_main)
    children=$(cat "/proc/$main/task/$main/children")
    # shellcheck disable=SC2086 # a list of ids
    kill -KILL "$main" $children
    for id in $main $children; do wait_gone "$id" 10; done
    # Where process 1 does not reap orphans, the next start would take the ended process for a running one.
    rm -f "$cluster/data/postmaster.pid"
}

postgres_address() { echo "127.0.0.1:$port"; }

postgres_env() {
    echo "export Database__ConnectionString='Host=127.0.0.1;Port=$port;Username=loadbalancer;Password=$(password);Database=loadbalancer'"
}

# --- commands ---------------------------------------------------------------------------------------------------------

prepare() {
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    install_programs
    [ -s "$dir/password" ] || (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$dir/password")
}

start_all() {
    prepare
    local started ids=() id failed=0
    started=$(now_ms)
    for server in $servers; do
        "${server}_start" &
        ids+=($!)
    done
    for id in "${ids[@]}"; do wait "$id" || failed=1; done
    [ $failed = 0 ] || exit 1
    status_all
    say "ready after $(($(now_ms) - started)) ms; addresses: eval \"\$(./servers.sh env)\""
}

status_all() {
    local code=0
    for server in $servers; do
        if (cd / && "${server}_running"); then
            ("${server}_load" && echo "$server runs: $("${server}_address")")
        else
            echo "$server does not run"
            code=3
        fi
    done
    return $code
}

dir=$(cd "$dir" 2>/dev/null && pwd || echo "$dir")
case $command in
start) start_all ;;
stop) for server in $servers; do ("${server}_stop"); done ;;
restart)
    for server in $servers; do ("${server}_stop"); done
    start_all
    ;;
kill9) for server in $servers; do ("${server}_kill9"); done ;;
status) status_all ;;
env)
    for server in $servers; do ("${server}_running") || fail "$server does not run: ./servers.sh start" 3; done
    for server in $servers; do ("${server}_load" && "${server}_env"); done
    ;;
install) prepare ;;
remove)
    [ "$servers" = "rabbitmq postgres" ] || usage
    rabbitmq_stop
    (postgres_stop)
    if postgres_load; then cd / && rm -rf "$cluster"; fi
    rm -rf "$dir"
    ;;
*) usage ;;
esac
