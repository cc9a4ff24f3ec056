#!/bin/sh
# The service on the sample organisation: starts `muster serve` with its embedded log, from an empty data
# directory, feeds config/sample, shows the deltas with their causes, and serves until interrupted.
#
#   sample.sh MUSTER DIR     DIR is emptied; MUSTER is the program
#
# With ONCE in the environment it ends after the deltas. The port is 8080, or a free one where that is taken
# and for ONCE.
set -eu

muster=$1 directory=$2
here=$(cd "$(dirname "$0")" && pwd)
sample="$here/../config/sample"
set_data="--set data.dir=$directory/data"
pid=""

end() {
    [ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null || true
    [ -z "$pid" ] || wait "$pid" || true
}
trap end EXIT
trap 'exit 143' TERM
# The terminal tells the service, too.
trap 'wait "$pid" || true; pid=""; exit 0' INT

# Starts the service; 1 where it ended before it was ready.
start() {
    : >"$directory/serve.log"
    # One partition, so that the deltas have one order.
    # shellcheck disable=SC2086 # options
    "$muster" serve $set_data --set topics.partitions=1 --set licensing.enabled=true --set "http.listen=$1" \
        2>"$directory/serve.log" &
    pid=$!
    until grep -q '^ready ' "$directory/serve.log"; do
        if ! kill -0 "$pid" 2>/dev/null; then
            pid=""
            return 1
        fi
        sleep 0.05
    done
}

rm -rf "$directory"
mkdir -p "$directory"
if [ -n "${ONCE:-}" ] || ! start 127.0.0.1:8080; then
    if ! start 127.0.0.1:0; then
        cat "$directory/serve.log" >&2
        exit 3
    fi
fi
url=$(sed -n 's/^ready //p' "$directory/serve.log")

# shellcheck disable=SC2086
"$muster" produce "$sample"/licences/licences.jsonl "$sample"/*.jsonl --wait $set_data
# shellcheck disable=SC2086
"$muster" tail --show $set_data

# The licences that these deltas give: a group has a product with one plan switched off.
echo
# shellcheck disable=SC2086
"$muster" tail --topic licenses --show $set_data
echo
"$muster" licensing report --url "$url"

if [ -n "${ONCE:-}" ]; then
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    pid=""
    [ "$status" -eq 0 ] || cat "$directory/serve.log" >&2
    exit "$status"
fi

cat <<END

The service runs at $url until you press Ctrl-C. What to try next, in another terminal:

  curl --data-binary '{"kind":"user","op":"patch","id":"alex","data":{"employeeHireDate":"$(date -u +%Y-%m-%d)"}}' \\
    '$url/muster/events?wait=applied'
  $muster tail --follow --show $set_data
  curl '$url/muster/deltas?partition=0&from=1'
  curl '$url/readyz' '$url/metrics'
  $muster tail --topic licenses --follow --show $set_data
  $muster licensing explain alex --url $url
  $muster rule check 'user.departmnt -eq "Sales"'

It says more in $directory/serve.log
END
status=0
wait "$pid" || status=$?
pid=""
exit "$status"
