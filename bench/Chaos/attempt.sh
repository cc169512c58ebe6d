#!/bin/sh
# One attempt of a test. It writes its life to the journal: a line at its start, one about every 0.2 s, one at its end. What is killed
# leaves no last line, but is known to have lived until the line before: every interval in the journal was really lived.
# usage: attempt.sh JOURNAL TENTHS EXIT_CODE KEYS [ignore-term]
journal=$1 tenths=$2 code=$3 keys=$4
[ "${5-}" != ignore-term ] || trap '' TERM

# One short write to a file opened for appending is atomic. The uptime is one clock for all processes, whatever happens to the date.
line() {
    read -r uptime _ </proc/uptime
    printf '%s %s %s %s %s %s %s %s\n' "$1" "$uptime" "$LB_RUN_ID" "$LB_ATTEMPT" "$LB_WORKER_ID" "$$" "$keys" "${LB_DEVICES:--}" >>"$journal"
}

line start
while [ "$tenths" -gt 0 ]; do
    sleep 0.2
    tenths=$((tenths - 2))
    line alive
done
line end
exit "$code"
