#!/bin/sh
# Fuzzes every target (or those named) with libFuzzer, on a stable toolchain and Debian's C++ compiler.
#   fuzz/run.sh SECONDS [TARGET...]
# SECONDS is for all of it together, the build too; as many targets run at once as there are processors. With SEED=1 in the environment
# the choices are those of every other run with that seed. New inputs are kept in target/fuzz/corpus; one that breaks a target is left in
# target/fuzz/broken, and the exit code is 1 then.
# `fuzz/run.sh keep` takes over into fuzz/corpus those of target/fuzz/corpus that reach what no kept one reaches.
set -eu
cd "$(dirname "$0")/.."

began=$(date +%s)
work=target/fuzz
targets="client_hello dns_answer dns_query index_delta index_file list_line names_file packet quic_initial sop_text wire_message"

RUSTC_WORKSPACE_WRAPPER="$PWD/fuzz/rustc.sh" \
    cargo build --quiet --locked --package gapura-fuzz --features libfuzzer --bin gapura-fuzz
built=$(date +%s)

mkdir -p "$work/bin" "$work/broken"
for target in $targets; do
    ln -sf ../../debug/gapura-fuzz "$work/bin/$target"
    mkdir -p "$work/corpus/$target"
done

if [ "${1:-}" = keep ]; then
    for target in $targets; do
        "$work/bin/$target" -merge=1 -max_len=4096 "fuzz/corpus/$target" "$work/corpus/$target" >"$work/$target.log" 2>&1
        echo "$target: $(ls "fuzz/corpus/$target" | wc -l) kept"
    done
    exit 0
fi

total=${1:?how many seconds}
shift
[ $# -eq 0 ] || targets="$*"
count=$(echo "$targets" | wc -w)
cores=$(nproc)
each=$(((total - (built - began) - 5) * cores / (count + cores - 1)))
[ "$each" -ge 3 ] || each=3
echo "built in $((built - began)) s; $count targets for $each s each, $cores at once"

one() { # one TARGET: its exit code says whether it held
    code=0
    "$work/bin/$1" -seed="${SEED:-0}" -max_total_time="$each" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=1 \
        -artifact_prefix="$work/broken/$1-" "$work/corpus/$1" "fuzz/corpus/$1" >"$work/$1.log" 2>&1 || code=$?
    echo "$1: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$1.log") runs, code $code"
    [ "$code" -eq 0 ] || tail -n 40 "$work/$1.log"
    return "$code"
}

# A shell has no wait for any: each of as many rows as there are processors takes its share.
row=0 rows=""
while [ "$row" -lt "$cores" ]; do
    (
        place=0 failed=0
        for target in $targets; do
            [ $((place % cores)) -ne "$row" ] || one "$target" || failed=1
            place=$((place + 1))
        done
        exit "$failed"
    ) &
    rows="$rows $!"
    row=$((row + 1))
done
failed=0
for pid in $rows; do wait "$pid" || failed=1; done
exit "$failed"
