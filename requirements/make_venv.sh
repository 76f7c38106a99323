#!/usr/bin/env bash
# Makes .venv anew with the Python that is named; says so and touches nothing where that is too old.
# make_venv.sh PYTHON [GOAL…]
set -euo pipefail
trap 'exit 130' INT

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

refuse() {
  local python=$1 found newer
  shift
  if found=$("$python" --version 2>&1); then found="$python is $found"; else found="$python does not run"; fi
  for newer in python3.14 python3.13 python3.12 python3.11 /path/to/a/newer/python3; do
    if new_enough "$newer"; then break; fi
  done
  echo "Python 3.11 or newer is needed, and $found. Nothing was installed. Name another one:" \
    "make PYTHON=$newer${*:+ $*}" >&2
  exit 1
}

python=$1
shift
new_enough "$python" || refuse "$python" "$@"
rm -rf .venv
said=$("$python" -m venv .venv 2>&1) || { echo "$said" >&2; exit 1; }
