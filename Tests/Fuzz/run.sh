#!/usr/bin/env bash
# run.sh PROGRAMS SECONDS FOUND SEED: runs each fuzzer on its kept corpus and then, for so many seconds, on new inputs. Prints
# one line for each. Inputs that violate a property are kept in the directory FOUND, and the exit code is then 1.
set -uo pipefail
cd "$(dirname "$0")/../.."
programs=$1 seconds=$2 found=$3 seed=$4
mkdir -p "$found"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Swift's own backtraces would keep libFuzzer from writing the input. For a server that announces 100 GB malloc fails.
export SWIFT_BACKTRACE=enable=no SWIFT_DETERMINISTIC_HASHING=1
asan=allocator_may_return_null=1:max_allocation_size_mb=256

# NAME PROGRAM OPTION…
fuzz() {
    local name=$1 program=$programs/$2 log=$work/$1.log findings=0
    shift 2
    mkdir "$work/$name"
    ASAN_OPTIONS=$asan "$program" -seed="$seed" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=4096 \
        -malloc_limit_mb=0 -print_final_stats=1 -dict="Tests/Fuzz/Corpus/$name.dict" \
        -artifact_prefix="$found/$name-" "$@" "$work/$name" "Tests/Fuzz/Corpus/$name" \
        </dev/null >"$log" 2>&1 || findings=1
    printf '%s: %s executions, %s edges, %s features, corpus of %s files and %s found now, findings: %s\n' "$name" \
        "$(last 'number_of_executed_units: ')" "$(last 'cov: ')" "$(last 'ft: ')" \
        "$(ls "Tests/Fuzz/Corpus/$name" | wc -l)" "$(ls "$work/$name" | wc -l)" "$findings"
    [ "$findings" = 0 ] && return
    grep -a -m 5 -E 'Precondition failed|Fatal error|ERROR:|Assertion' "$log"
    grep -a -E 'Test unit written' "$log" || tail -n 20 "$log"
    failed=1
}

# Prints the last number after a word in the log.
last() { grep -a -o "$1 *[0-9]*" "$log" | tail -n 1 | grep -o '[0-9]*$'; }

failed=0
fuzz requests FuzzRequests
fuzz driver FuzzDriver
fuzz configuration FuzzConfiguration
[ "$failed" = 0 ] || echo "the inputs are in $found; to reproduce a finding, give one to its program as the argument"
exit "$failed"
