# Callgate's recipes. `./dev RECIPE` makes the environment first and puts its programs on PATH.

set positional-arguments

_recipes:
    @just --list --unsorted --list-heading '{{ "./dev RECIPE\n" }}'

# install everything into .venv from the lock file, and stop there
setup:
    @echo "Ready: .venv/bin/callgate, or ./dev demo"

# watch a token being issued, used, refreshed, lost, found and revoked; then try the server (--once: stop after that)
demo *args:
    @callgate demo "$@"

# play an example that brings its own world: `./dev example unattended`
example name:
    @python -m 'examples.{{ name }}.run'

# run the tests, or those named, two files at a time (--long: the full counts, one by one, which take far longer)
test *args:
    @tools/debian-packages chromium curl fonts-dejavu-core haproxy libfaketime pgbouncer postgresql redis-server strace wrk
    @# SimpleSAMLphp wants a web server and a PHP for one; these are the smallest, so they come before it.
    @tools/debian-packages micro-httpd php-cgi php-cli php-xml
    @tools/debian-packages simplesamlphp
    @# The database that fails over is tried in full runs alone.
    @{{ if args =~ '--long' { 'tools/debian-packages etcd-server iproute2 patroni python3-etcd' } else { 'true' } }}
    @tools/node-packages tests/clients
    @tools/node-packages tests/postman
    @# Hundreds of processes import the same modules: they are compiled once, also where Python is told to keep nothing.
    env PYTHONDONTWRITEBYTECODE= python -m pytest {{ if args =~ '--long' { '' } else { '--numprocesses 2 --dist loadfile --no-loadscope-reorder' } }} "$@"

# format, lint, types, floors, tidiness, documentation: everything that needs no running server
check:
    #!/bin/sh
    # Every step runs, whatever the one before it found: one round shows all there is to mend.
    failed=
    step() { echo "── $*"; "$@" || failed="$failed
      $*"; }
    step env -u UV_DEFAULT_INDEX -u UV_INDEX_URL uv lock --check --offline --quiet
    step ruff format --check --quiet
    step ruff check --quiet
    step mypy
    step lint-imports --no-logo
    step python -m pytest --quiet tests/repo
    [ -z "$failed" ] || { echo "check FAILED:$failed" >&2; exit 1; }

# branch coverage of the floors that judge and the statements that load and save: all of it, or fail
coverage:
    coverage run -m pytest --quiet tests/model tests/protocol tests/storage
    coverage report --fail-under=100 --include='*/model/*,*/protocol/*,*/storage/load*,*/storage/save*'

# measure what requests cost, beside the bare HTTP server and the peers that can be had
bench *args:
    @tools/debian-packages wrk redis-server glewlwyd
    @tools/node-packages bench
    @uv sync --quiet --frozen --project bench/peers/python || echo 'Measuring without the Python peers.' >&2
    python -m bench.run "$@"

# write the generated pages of docs/ anew
docs:
    python tools/gendocs.py

# collect the texts of the pages into their catalogues, and compile these
texts:
    python tools/texts.py

# mend what ruff can mend by itself
format:
    ruff format
    ruff check --fix
