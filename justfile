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

# run the tests, or those named (--long: the full counts, which take far longer)
test *args:
    @tools/debian-packages chromium curl fonts-dejavu-core strace
    @tools/node-packages tests/clients
    python -m pytest "$@"

# format, lint, types, floors, tidiness, documentation: everything that needs no running server
check:
    uv lock --check --offline --quiet
    ruff format --check
    ruff check
    mypy
    lint-imports
    python -m pytest --quiet tests/repo

# measure requests per second beside the bare HTTP server and a peer
bench *args:
    @tools/node-packages bench
    python bench/run.py "$@"

# write the generated pages of docs/ anew
docs:
    python tools/gendocs.py

# mend what ruff can mend by itself
format:
    ruff format
    ruff check --fix
