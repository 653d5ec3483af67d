#!/bin/sh
# The whole life of a model with plain mlops-new commands, in a folder of its own. README shows the same session.
set -eu

demo="$PWD/demo"
name=fresh-sales
rm -rf "$demo/$name-build" "$demo/$name-deploy" "$demo/home/git" "$demo/home/objects" "$demo/home/executions"
rm -f "$demo"/home/registry.sqlite3*
mkdir -p "$demo"
export MLOPS_NEW_HOME="$demo/home"

# A fresh machine may not know yet whose commits these are.
if ! git config user.email >/dev/null; then
    export GIT_AUTHOR_NAME=demo GIT_AUTHOR_EMAIL=demo@localhost GIT_COMMITTER_NAME=demo GIT_COMMITTER_EMAIL=demo@localhost
fi

show() {
    printf '\n$ %s\n' "$*" >&2
    "$@"
}

show mlops-new project "$name" -C "$demo" --yes
show cd "$demo/$name-build"
show mlops-new run
show mlops-new models approve 1 --note "beats both naive forecasts"
show cd "$demo/$name-deploy"
show mlops-new run
