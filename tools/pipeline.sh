#!/usr/bin/env bash
# What a pipeline runs: judge one target and write every report, with the exit status of the verdict.
# Environment: ZCC_MODE (image, registry, tool), ZCC_TARGET, ZCC_OPTIONS (one on each line), ZCC_REPORTS (a directory).
set -uo pipefail

: "${ZCC_MODE:?image, registry or tool}" "${ZCC_TARGET:?what to judge}"
reports=${ZCC_REPORTS:-zcc-report}
options=()
while IFS= read -r line; do
  [ -z "$line" ] || options+=("$line")
done <<<"${ZCC_OPTIONS:-}"
mkdir -p "$reports"

status=0
case "$ZCC_MODE" in
  image)
    zcc check "$ZCC_TARGET" "${options[@]}" --format json --output "$reports/results.json" \
      --format html --output "$reports/report.html" --format junit --output "$reports/junit.xml" || status=$?
    ;;
  registry)
    where=(--registry "$ZCC_TARGET")
    [ "$ZCC_TARGET" != embedded ] || where=()
    pytest --pyargs conformance.suite -p no:cacheprovider "${where[@]}" --report-dir "$reports" "${options[@]}" || status=$?
    ;;
  tool)
    pytest --pyargs conformance.suite -p no:cacheprovider --implementation "$ZCC_TARGET" --report-dir "$reports" \
      "${options[@]}" || status=$?
    ;;
  *)
    echo "ZCC_MODE=$ZCC_MODE: choose image, registry or tool" >&2
    exit 2
    ;;
esac

if [ -f "$reports/results.json" ]; then
  for form in sarif:results.sarif codequality:codequality.json markdown:summary.md; do
    zcc report render "$reports/results.json" --format "${form%%:*}" --output "$reports/${form#*:}" || status=$((status ? status : 2))
  done
else
  echo "No results: the run ended with exit status $status before anything was judged." >"$reports/summary.md"
fi
exit "$status"
