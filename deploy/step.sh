#!/bin/sh
# Runs one long step: says what it is and how long it takes, and where no terminal shows cargo's own
# progress, a line every half minute.
#   step.sh NAME DURATION COMMAND [ARGUMENT…]
set -u

name=$1 duration=$2
shift 2
printf '== %s (about %s)\n' "$name" "$duration" >&2
start=$(date +%s)

heartbeat=""
if [ ! -t 2 ]; then
    (
        trap 'kill "$sleeping" 2>/dev/null; exit 0' TERM
        while :; do
            sleep 30 &
            sleeping=$!
            wait "$sleeping"
            printf '== %s: %s s so far\n' "$name" "$(($(date +%s) - start))" >&2
        done
    ) &
    heartbeat=$!
fi

"$@"
status=$?

if [ -n "$heartbeat" ]; then
    kill "$heartbeat" 2>/dev/null
    wait "$heartbeat" 2>/dev/null
fi
[ "$status" -eq 0 ] || printf '== %s failed after %s s\n' "$name" "$(($(date +%s) - start))" >&2
exit "$status"
