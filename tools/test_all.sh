#!/bin/sh
# Everything: `make test` and `make test-slow`, and beside them the suites that have environments of their own. What the
# first two say is shown at once; of the others, when they have ended, the last lines, or all of it where one failed. At
# the end stands each suite's result and what failed in it.
set -u
place=$(mktemp -d)
running=""
trap 'for one in $running; do kill "$one" 2>/dev/null; done; rm -rf "$place"' EXIT
trap 'exit 130' INT TERM

beside() {  # SUITES: one after the other
    for suite in "$@"; do
        make "$suite" >"$place/$suite.log" 2>&1
        echo $? >"$place/$suite.code"
    done
}

beside test-airflow &
running="$running $!"
beside check-template test-sdk test-oracles &
running="$running $!"

for suite in test test-slow; do
    printf '\n--- make %s ---\n' "$suite"
    { make "$suite"; echo $? >"$place/$suite.code"; } 2>&1 | tee "$place/$suite.log"
done
wait

failed=0
for suite in test-airflow check-template test-sdk test-oracles; do
    printf '\n--- make %s ---\n' "$suite"
    if [ "$(cat "$place/$suite.code")" = 0 ]; then tail -n 3 "$place/$suite.log"; else cat "$place/$suite.log"; fi
done
printf '\n--- in short ---\n'
for suite in test test-slow test-airflow check-template test-sdk test-oracles; do
    code=$(cat "$place/$suite.code")
    [ "$code" = 0 ] && said=passed || said="FAILED (exit code $code)" failed=1
    echo "make $suite: $said"
    [ "$code" = 0 ] || grep -E '^(FAILED|ERROR) |^make: \*\*\*' "$place/$suite.log"
done
exit "$failed"
