#!/usr/bin/env bash
# Install tools to judge that are not Go modules: tools/install-other-tools.sh DIRECTORY [snyk] [udocker] [jib]
#
# They come from npm, PyPI and Maven Central, by their ordinary clients; put DIRECTORY on PATH. jib needs a JDK and Maven.
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

jib() {
  local place=$directory/jib
  mkdir -p "$place"
  cp "$here/jib/pom.xml" "$place/"
  (cd "$place" && mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib)
  javac -cp "$place/lib/*" -d "$place/classes" "$here/jib/ZccJib.java"
  cat >"$directory/zcc-jib" <<WRAPPER
#!/bin/sh
# The version is that of the library.
[ "\$1" = version ] && { ls "$place/lib" | sed -n 's/^jib-core-\(.*\)\.jar\$/jib-core \1/p'; exit; }
exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$place/lib/*:$place/classes" ZccJib "\$@"
WRAPPER
  chmod +x "$directory/zcc-jib"
}

for tool in "${@:-snyk udocker jib}"; do
  for name in $tool; do
    case "$name" in
      snyk) snyk ;;
      udocker) udocker ;;
      jib) jib ;;
      *) echo "install-other-tools.sh: $name is not known" >&2; exit 2 ;;
    esac
  done
done
