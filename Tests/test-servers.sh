#!/usr/bin/env bash
# Runs tests that were built on servers that Tests/bring-server.sh brings, one after the other, and says of each
# its version, how many tests ran, and what did not run on it and why.
#   Tests/test-servers.sh REGEX mysql|mariadb-11.8|mariadb...
# A server that cannot be brought is a failure, unless MAY_BE_MISSING is set.
# SWIFT: the command swift. All that the tests print goes to .build/test-SERVER.log.
set -uo pipefail

filter=$1
shift
verdicts=() failures=0

# What the log says of a run: its result, what was skipped, and the types and collations that the server does
# not have.
summary() {
    local log=.build/test-$1.log
    grep -E '^(✔|✘) Test run with' "$log" || echo "the run broke off; see $log"
    grep -E '^➜ Test .* skipped' "$log" | sort -u
    grep -E '^Not on this server: ' "$log" | sort -u
}

test_on() {
    local name=$1 folder=nowhere
    if [ "$name" = mariadb ]; then
        version=$(PATH=$PATH:/usr/sbin mariadbd --version) || return 1
    else
        folder=$(Tests/bring-server.sh "$name") || return 1
        version=$("$folder"/m*d --version) || return 1
    fi
    echo "=== $name: ${version#"$folder"/root/usr/sbin/}"
    KINDRED_SERVER=$name ${SWIFT:-swift} test --skip-build --filter "$filter" 2>&1 \
        | Tests/report.pl ".build/test-$name.log"
    result=$?
}

for name in "$@"; do
    version= result=0
    if test_on "$name"; then
        [ $result = 0 ] || failures=$((failures + 1))
        verdicts+=("=== $name: $version"$'\n'"$(summary "$name")")
    else
        [ -n "${MAY_BE_MISSING-}" ] || failures=$((failures + 1))
        verdicts+=("!!! $name: NOTHING WAS TESTED, because there is no such server here (see above)")
    fi
done
printf '\n%s\n' "${verdicts[@]}"
[ $failures = 0 ]
