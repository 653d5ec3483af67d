#!/bin/sh
# Renders a project of the sample for its configuration, and draws. BENCH_PYTHON has the libraries of the image.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export GIT_AUTHOR_NAME=bench GIT_AUTHOR_EMAIL=bench@localhost GIT_COMMITTER_NAME=bench GIT_COMMITTER_EMAIL=bench@localhost
MLOPS_NEW_HOME="$place/home" "$root/.venv/bin/mlops-new" project a-sales -C "$place" --yes >/dev/null 2>&1
PYTHONPATH="$root/templates/build:$root" "$BENCH_PYTHON" -P -m bench.power \
    --config "$place/a-sales-build/config.toml" "$@"
PYTHONPATH="$root/templates/build" "$BENCH_PYTHON" -P "$root/bench/monitoring_power_quality.py" "$@"
