#!/usr/bin/env bash
# The one command that decides: format check, locked restore, build, every test project.
# RabbitMQ and PostgreSQL: LB_TEST_RABBITMQ (+ LB_TEST_RABBITMQ_MANAGEMENT) and LB_TEST_POSTGRES where given, else the installed
# programs as private processes (Debian's packages are installed where they may), else containers. The last line is the sum.
set -euo pipefail

usage() {
    cat >&2 <<'USAGE'
usage: ./test.sh [PROJECT...] [-- OPTION...]
  PROJECT   only these test projects, such as Placement.Tests
  OPTION    for the test runner, such as: -method '*keys*' (see -help)
USAGE
    exit 2
}

cd "$(dirname "${BASH_SOURCE[0]}")"
results=artifacts/test-results
passed=0 failed=0 skipped=0
# Nothing may stay behind: neither build nodes nor a compiler server.
export MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

finish() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ] || exit 1
    exit 0
}

# What ends the run before any test counts as one failure.
stop() {
    echo "test.sh: $1"
    failed=$((failed + 1))
    finish
}

step() { echo "== $1 (${SECONDS} s)"; }

choose_projects() {
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        case $1 in -*) usage ;; esac
        [ -d "tests/$1" ] || stop "there is no test project tests/$1"
        projects+=("$1")
        shift
    done
    [ $# = 0 ] || shift
    options=("$@")
    if [ ${#projects[@]} = 0 ]; then
        for project in tests/*.Tests; do projects+=("${project#tests/}"); done
    fi
}

provide_servers() {
    [[ " ${projects[*]} " == *" System.Tests "* ]] || return 0
    [ -z "${LB_TEST_RABBITMQ-}" ] || [ -z "${LB_TEST_POSTGRES-}" ] || return 0
    # Without the right to install, the fixture goes on to containers, or says what is missing.
    ./servers.sh install || true
}

# The attributes of the report's assembly element, one per line.
counted() { # NAME REPORT
    local value
    value=$(grep -o -m 1 '<assembly [^>]*>' "$2" | grep -o " $1=\"[0-9]*\"" | tr -dc 0-9)
    echo "${value:-0}"
}

# A hung test host must not hang the run.
limited() {
    if command -v timeout >/dev/null; then timeout --foreground --kill-after=30 1800 "$@"; else "$@"; fi
}

run_project() { # PROJECT
    local report=$results/$1.xml status=0 bad
    rm -f "$report"
    limited dotnet "artifacts/bin/$1/release/LoadBalancer.$1.dll" -noLogo -noColor -xml "$report" "${options[@]}" || status=$?
    if [ ! -s "$report" ]; then
        echo "test.sh: $1 ended with status $status and without a report"
        failed=$((failed + 1))
        return
    fi
    bad=$(($(counted failed "$report") + $(counted errors "$report")))
    if [ $status != 0 ] && [ $bad = 0 ]; then
        echo "test.sh: $1 ended with status $status"
        bad=1
    fi
    passed=$((passed + $(counted passed "$report")))
    failed=$((failed + bad))
    skipped=$((skipped + $(counted skipped "$report")))
}

projects=() options=()
choose_projects "$@"

command -v dotnet >/dev/null || stop "the .NET 10 SDK is missing: install it (https://dotnet.microsoft.com/download) and put dotnet on the PATH"
dotnet --version >/dev/null 2>&1 || stop "the .NET 10 SDK is missing: dotnet finds only $(dotnet --list-sdks | cut -d' ' -f1 | tr '\n' ' ')"

step "restore"
dotnet restore --locked-mode -v quiet || stop "the restore failed"
step "format"
dotnet format --verify-no-changes --no-restore || stop "the format check failed: run dotnet format"
step "build"
dotnet build -c Release --no-restore -v quiet --nologo || stop "the build failed"
provide_servers
mkdir -p "$results"
for project in "${projects[@]}"; do
    step "$project"
    run_project "$project"
done
step "done"
finish
