#!/usr/bin/env bash
# What someone does who has read the README only, in a new virtual environment: tools/newcomer.sh [ROLE…]
# Roles: registry, publisher, tool, fleet, certifier (default: all). Needs python3 with venv and the package index; exit status 0
# when every role ended with a verdict.
set -euo pipefail
source=$(cd "$(dirname "$0")/.." && pwd)
roles=("$@")
[ ${#roles[@]} -gt 0 ] || roles=(registry publisher tool fleet certifier)

place=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$place"' EXIT
cp -r "$source" "$place/checkout" 2>/dev/null || true
cd "$place/checkout"
rm -rf .venv .nox reports/latest
unset PYTHONPATH VIRTUAL_ENV
export HOME=$place

say() { printf '\n== %s\n' "$*"; }

say "README: install"
python3 -m venv .venv
. .venv/bin/activate
pip install -q --disable-pip-version-check .
cd "$place" # from here on only what is installed, and files of the newcomer

start_registry() {
  [ -z "$server" ] || return 0
  zcc registry --port 0 >registry.log 2>&1 &
  server=$!
  for _ in $(seq 100); do
    url=$(grep -om1 'http://[0-9.:]*' registry.log || true)
    [ -z "$url" ] || break
    sleep 0.2
  done
  [ -n "$url" ] || { cat registry.log; exit 1; }
  host=${url#http://}
}

registry() {
  say "I run a registry"
  start_registry
  pytest --pyargs conformance.suite -q --registry "$url" --report-dir "$place/registry" >registry.out || { cat registry.out; exit 1; }
  grep -m1 'conforms to profiles registry' registry.out
  zcc requirements REG-018 | grep 'advice:'
}

publisher() {
  say "I publish images"
  start_registry
  mkdir -p app && printf '#!/bin/sh\necho hello\n' >app/run && chmod 755 app/run
  zcc build ./app -o oci:./layout:1 --cmd /run
  zcc sentinel add oci:./layout:1
  zcc push oci:./layout:1 "$host/app:1"
  zcc check --deep --require-sentinel "$host/app:1" >publisher.out
  grep -m1 'conforms to profile pair' publisher.out
  zcc pull "$host/app:1" oci:./copy
  zcc diff oci:./layout:1 oci:./copy:1
}

tool() {
  say "I write a tool"
  describe_mytool
  pytest --pyargs conformance.suite -q --implementation ./mytool.toml --role copier --report-dir "$place/tool" >tool.out || { tail -50 tool.out; exit 1; }
  grep -m1 'conforms to profile' tool.out
}

describe_mytool() {
  cat >mytool.toml <<TOML
name = "mytool"
description = "A copier: the reference under another name"
roles = ["copier"]
entry_point = "./mytool"
TOML
  printf '#!/bin/sh\nexec %s -P -m conformance.reference "$@"\n' "$(command -v python)" >mytool && chmod 755 mytool
  zcc adapter check mytool.toml
}

fleet() {
  say "I own a fleet"
  start_registry
  [ -d layout ] || publisher >/dev/null
  printf '%s\n' "$host/app:1" "oci:$place/checkout/fixtures/golden/skopeo-1.9.3-plain" >images.txt
  zcc audit --from images.txt | tee fleet.out
  grep -q . fleet.out
  zcc audit show >/dev/null
}

certifier() {
  say "I certify tools"
  describe_mytool
  zcc certify ./mytool.toml reference-toc -o certificates >certifier.out || { tail -50 certifier.out; exit 1; }
  grep 'conforms to profile' certifier.out
  test -s certificates/certificate.json
  zcc report render certificates/mytool/results.json --format markdown --output certificates/mytool.md
  grep -m1 'conforms' certificates/mytool.md
}

for role in "${roles[@]}"; do "$role"; done
say "every role ended with a verdict"
