#!/bin/sh
# Fills the passwords from the environment into the definitions, then starts the broker. Passwords must be made of letters, digits,
# "-", "_" and ".", because they also stand in URLs.
set -eu

fill() { # NAME VALUE
    case $2 in
    *[!A-Za-z0-9._-]* | '')
        echo "$1 is empty, or has a character that may not stand in a URL" >&2
        exit 1
        ;;
    esac
    filled=$(printf '%s' "$filled" | sed "s/@$1@/$2/")
}

filled=$(cat "${DEFINITIONS_TEMPLATE:-/etc/loadbalancer/definitions.json}")
fill SUBMITTER_PASSWORD "$SUBMITTER_PASSWORD"
fill WORKER_1_PASSWORD "$WORKER_1_PASSWORD"
fill WORKER_2_PASSWORD "$WORKER_2_PASSWORD"
fill SCHEDULER_PASSWORD "$SCHEDULER_PASSWORD"
fill OPERATOR_PASSWORD "$OPERATOR_PASSWORD"

umask 077
target=${DEFINITIONS:-/var/lib/rabbitmq/definitions.json}
printf '%s\n' "$filled" >"$target"
[ "$(id -u)" != 0 ] || chown rabbitmq "$target"
exec "$@"
