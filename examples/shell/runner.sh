#!/usr/bin/env bash
# SPDX-License-Identifier: 0BSD OR CC0-1.0
#
# An example runner for the vectors: GNU tar, zstd, jq and coreutils.
#
#     cd fixtures/vectors && ../../examples/shell/runner.sh < index.json > results.jsonl
#
# It does what a script can: it verifies the digests that the descriptor gives, decompresses the whole layer, compares it
# with the DiffID, and lets GNU tar list it and jq read the TOC. A sentinel blob is right when GNU tar refuses it. It
# reads no images: those are skipped.
set -u
export LC_ALL=C

prefix=io.github.containers.zstd-chunked.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

say() { # id outcome [stage reason]
  jq -cn --arg id "$1" --arg outcome "$2" --arg stage "${3-}" --arg reason "${4-}" \
    '{id: $id, outcome: $outcome} + if $stage == "" then {} else {stage: $stage} end
     + if $reason == "" then {} else {reason: $reason} end'
}

refuse() { # stage reason: for the case that is being read
  stage=$1 reason=$2
  return 1
}

sha256() { sha256sum | cut -d ' ' -f 1; }

slice() { # file offset length
  tail -c +"$(($2 + 1))" "$1" | head -c "$3"
}

numbers() { # text count: a position as docs/format.md has it
  [[ $1 =~ ^[0-9]{1,9}(:[0-9]{1,9}){$(($2 - 1))}$ ]]
}

layer() { # blob descriptor diff-id
  local toc split offset length size
  toc=$(jq -r --arg key "${prefix}manifest-position" '.annotations[$key] // ""' <<<"$2")
  split=$(jq -r --arg key "${prefix}tarsplit-position" '.annotations[$key] // ""' <<<"$2")
  [ "sha256:$(sha256 <"$1")" = "$(jq -r .digest <<<"$2")" ] || refuse manifest "digest of the blob" || return
  numbers "$toc" 4 || refuse annotation "position of the TOC" || return
  IFS=: read -r offset length size _ <<<"$toc"
  slice "$1" "$offset" "$length" >"$scratch/toc.zst"
  [ "sha256:$(sha256 <"$scratch/toc.zst")" = "$(jq -r --arg key "${prefix}manifest-checksum" '.annotations[$key]' <<<"$2")" ] ||
    refuse annotation "digest of the TOC" || return
  zstd -dcq --memory=128MB "$scratch/toc.zst" 2>"$scratch/err" | head -c 16777216 >"$scratch/toc"
  [ -s "$scratch/err" ] && { refuse toc "$(head -c 200 "$scratch/err")" || return; }
  [ "$(stat -c %s "$scratch/toc")" = "$size" ] || refuse annotation "length of the TOC" || return
  jq -e '.version == 1 and (.entries | type == "array" or . == null)' "$scratch/toc" >/dev/null 2>&1 ||
    refuse toc "no TOC of version 1" || return
  if jq -e '.tarSplitDigest' "$scratch/toc" >/dev/null; then
    numbers "$split" 3 || refuse annotation "position of the tar-split" || return
    IFS=: read -r offset length size <<<"$split"
    [ "sha256:$(slice "$1" "$offset" "$length" | sha256)" = "$(jq -r .tarSplitDigest "$scratch/toc")" ] ||
      refuse tarsplit "digest of the tar-split" || return
  fi
  zstd -dcq --memory=128MB "$1" 2>"$scratch/err" | head -c 67108864 >"$scratch/tar"
  [ -s "$scratch/err" ] && { refuse frame "$(head -c 200 "$scratch/err")" || return; }
  [ "sha256:$(sha256 <"$scratch/tar")" = "$3" ] || refuse frame "DiffID" || return
  timeout 10 tar -tvf "$scratch/tar" >/dev/null 2>"$scratch/err" || refuse tar "$(head -c 200 "$scratch/err")" || return
  [ "$(timeout 10 tar -tf "$scratch/tar" --quoting-style=escape 2>/dev/null | wc -l)" = \
    "$(jq '[.entries[]? | select(.type != "chunk")] | length' "$scratch/toc")" ] ||
    refuse toc "other entries than GNU tar lists" || return
}

jq -c '.cases[] | {id, kind, root: .input.root, descriptor: .input.descriptor, diff_id: .input.diff_id}' | while read -r case; do
  IFS=$'\t' read -r id kind root diff_id < <(jq -r '[.id, .kind, .root, .diff_id // ""] | @tsv' <<<"$case")
  blob=blobs/sha256/${root#sha256:}
  stage='' reason=''
  case $kind in
    layer)
      if layer "$blob" "$(jq -c .descriptor <<<"$case")" "$diff_id"; then
        say "$id" accepted
      else
        say "$id" refused "$stage" "$(tr -d '\0' <<<"$reason")"
      fi ;;
    blob)
      if timeout 10 tar -tf "$blob" >/dev/null 2>&1; then
        say "$id" refused sentinel "GNU tar takes it for an archive"
      else
        say "$id" accepted
      fi ;;
    *) say "$id" skipped "" "this script reads layers and sentinel blobs" ;;
  esac
done
