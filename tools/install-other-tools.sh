#!/usr/bin/env bash
# Install tools to judge that are not Go modules: tools/install-other-tools.sh DIRECTORY [snyk] [udocker]
#
# They come from npm and PyPI, by their ordinary clients; put DIRECTORY on PATH.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
directory=${1:?usage: install-other-tools.sh DIRECTORY [TOOL…]}
shift
mkdir -p "$directory"
directory=$(cd "$directory" && pwd)

snyk() {
  mkdir -p "$directory/snyk"
  cp "$here/snyk/package.json" "$here/snyk/scan.js" "$directory/snyk/"
  (cd "$directory/snyk" && npm install --silent --ignore-scripts)
  chmod +x "$directory/snyk/scan.js"
  ln -sf snyk/scan.js "$directory/zcc-snyk-scan"
}

udocker() {
  python3 -m venv "$directory/udocker-venv"
  "$directory/udocker-venv/bin/pip" install -q --disable-pip-version-check udocker==1.3.17
  ln -sf udocker-venv/bin/udocker "$directory/udocker"
}

for tool in "${@:-snyk udocker}"; do
  for name in $tool; do
    case "$name" in
      snyk) snyk ;;
      udocker) udocker ;;
      *) echo "install-other-tools.sh: $name is not known" >&2; exit 2 ;;
    esac
  done
done
