"""Other TOCs and tar-splits, permitted by JSON (RFC 8259) and docs/format.md sections 11 and 12."""

import base64
import json
from collections.abc import Callable

from conformance.format.writer import WriterOptions
from conformance.images.draft import Drafted
from conformance.images.drafted import image_with, plain_image_of
from conformance.images.layer_draft import Json, LayerDraft, conforming_layer, draft_layer, toc_document
from conformance.images.trees import Node
from conformance.requirements import variant


def _respelt(spell: Callable[[Json], str], layer: LayerDraft | None = None) -> Drafted:
    draft = layer or conforming_layer()
    draft.document = spell(json.loads(toc_document(draft))).encode()
    return image_with(draft)


def _with_entries(edit: Callable[[Json], object], layer: LayerDraft | None = None) -> Drafted:
    draft = layer or conforming_layer()
    for entry in draft.toc["entries"]:
        edit(entry)
    return image_with(draft)


def _ordered(key: Callable[[Json], object], layer: LayerDraft) -> Drafted:
    """Entries in another order; the chunks stay with their files."""
    groups: list[list[Json]] = []
    for entry in layer.toc["entries"]:
        if entry["type"] == "chunk":
            groups[-1].append(entry)
        else:
            groups.append([entry])
    groups.sort(key=lambda group: key(group[0]))  # type: ignore[arg-type, return-value]
    layer.toc["entries"] = [entry for group in groups for entry in group]
    return image_with(layer)


def _split(spell: Callable[[Json], str], *, end: str = "\n") -> Drafted:
    draft = conforming_layer()
    lines = [spell(line) for line in draft.split]
    draft.split_document = ("\n".join(lines) + end).encode()
    return image_with(draft)


def _split_lines(edit: Callable[[list[Json]], list[Json]]) -> Drafted:
    draft = conforming_layer()
    draft.split = [{**line, "position": place} for place, line in enumerate(edit(draft.split))]
    return image_with(draft)


def _segment(raw: bytes) -> Json:
    return {"type": 2, "payload": base64.b64encode(raw).decode()}


def _with_empty_segment(line: Json) -> tuple[Json, ...]:
    """After the header; a file of whole blocks has no padding."""
    return (_segment(b""), line) if line["type"] == 1 and line.get("size", 0) % 512 == 0 else (line,)


def _padding_apart(lines: list[Json]) -> list[Json]:
    found: list[Json] = []
    padding = 0
    for line in lines:
        if line["type"] == 2:
            raw = base64.b64decode(line["payload"])
            found += [_segment(part) for part in (raw[:padding], raw[padding:]) if part]
        else:
            found.append(line)
            padding = -line.get("size", 0) % 512
    return found


def _end_in_blocks(lines: list[Json]) -> list[Json]:
    end = base64.b64decode(lines[-1]["payload"])
    first = len(end) % 512 or 512
    places = [0, *range(first, len(end), 512)]
    return [*lines[:-1], *(_segment(end[at:to]) for at, to in zip(places, [*places[1:], len(end)], strict=True))]


def _compact(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@variant("TOC-001")
def indented() -> Drafted:
    """Insignificant blanks (RFC 8259 section 2)."""
    return _respelt(lambda toc: json.dumps(toc, indent=2))


@variant("TOC-001")
def keys_in_alphabetical_order() -> Drafted:
    """Members have no order (RFC 8259 section 4)."""
    return _respelt(lambda toc: json.dumps(toc, sort_keys=True))


@variant("TOC-001")
def newline_at_the_end() -> Drafted:
    """White space after the value (RFC 8259 section 2)."""
    return _respelt(lambda toc: json.dumps(toc) + "\n")


@variant("TOC-001", "TOC-003")
def escaped_letters() -> Drafted:
    """Letters as ``\\uXXXX`` (RFC 8259 section 7)."""
    return _respelt(lambda toc: json.dumps(toc, ensure_ascii=True))


@variant("TOC-002", "TOC-001")
def unknown_keys_at_the_top() -> Drafted:
    """Unknown keys are skipped (docs/format.md section 1)."""
    return _respelt(lambda toc: _compact({"generator": {"name": "mine", "version": 2}, **toc, "comment": None}))


@variant("TOC-006", "TOC-002")
def unknown_keys_in_entries() -> Drafted:
    """As above in entries: estargz has userName and groupName there."""
    return _with_entries(lambda entry: entry.update(userName="root", groupName="root", NumLink=1, inode=7))


@variant("CHUNK-007")
def unknown_keys_in_chunk_entries() -> Drafted:
    """As above in chunk entries."""

    def edit(entry: Json) -> None:
        if entry["type"] == "chunk":
            entry["inode"] = 7

    return _with_entries(edit)


@variant("TOC-006")
def zero_values_spelt_out() -> Drafted:
    """Zero, "" and {} for absent fields, which have their zero value (docs/format.md section 11.1)."""

    def edit(entry: Json) -> None:
        if entry["type"] != "chunk":
            for key in ("uid", "gid", "devMajor", "devMinor", "size", "mode"):
                entry.setdefault(key, 0)
            entry.setdefault("linkName", "")
            entry.setdefault("xattrs", {})

    return _with_entries(edit)


@variant("TOC-001", "TOC-006")
def null_for_absent_texts() -> Drafted:
    """``null`` for texts, which Go's decoder reads as "" (storage/pkg/chunked/cache_linux.go, ReadString)."""

    def edit(entry: Json) -> None:
        for key in ("linkName", "digest", "chunkType", "chunkDigest"):
            entry.setdefault(key, None)

    return _with_entries(edit)


@variant("TOC-006")
def null_for_absent() -> Drafted:
    """Null for an absent map (docs/format.md section 11.1)."""
    return _with_entries(lambda entry: entry.setdefault("xattrs", None))


@variant("TOC-004", "TOC-006")
def digest_of_nothing_on_empty_files() -> Drafted:
    """An empty file has a digest too (docs/format.md section 11.1: it may be there)."""
    digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    def edit(entry: Json) -> None:
        if entry["type"] == "reg" and not entry.get("size"):
            entry["digest"] = digest

    return _with_entries(edit)


@variant("TOC-001")
def empty_layer() -> Drafted:
    """A layer without entries (docs/format.md section 1)."""
    return image_with(draft_layer(()))


@variant("TOC-001")
def empty_layer_with_null() -> Drafted:
    """``null`` for the entries, as Go writes a nil slice (docs/format.md section 1)."""
    draft = draft_layer(())
    draft.toc["entries"] = None
    return image_with(draft)


@variant("TOC-011", "TOC-003")
def times_with_nine_decimals() -> Drafted:
    """RFC 3339 section 5.6: time-secfrac is optional and may have any number of digits."""
    return _with_entries(lambda entry: "modtime" in entry and entry.update(modtime=_moved(entry, ".000000000Z")))


@variant("TOC-011", "TOC-003")
def times_of_another_zone() -> Drafted:
    """RFC 3339 section 5.6: time-numoffset."""
    return _with_entries(lambda entry: "modtime" in entry and entry.update(modtime=_moved(entry, "+00:00")))


@variant("TOC-003")
def entries_reversed() -> Drafted:
    """The order of entries is not to be relied on (docs/format.md sections 1 and 11.3)."""
    return image_with(_reversed(conforming_layer()))


@variant("TOC-003", "TOC-021")
def entries_sorted_by_name() -> Drafted:
    """Sorted by name, so that a hard link comes before its target; the tar has them in order."""
    return _ordered(lambda entry: entry["name"], conforming_layer())


@variant("TOC-021")
def hard_links_last_directories_first() -> Drafted:
    """Sorted by type."""
    return _ordered(lambda entry: (entry["type"] == "hardlink", entry["type"] != "dir"), conforming_layer())


@variant("TARSPLIT-002", "TARSPLIT-011")
def paddings_in_segments_of_their_own() -> Drafted:
    """Readers drop the padding of the previous file, whatever follows in the segment (docs/format.md section 12)."""
    return _split_lines(_padding_apart)


@variant("TARSPLIT-002", "TARSPLIT-011")
def zero_blocks_at_the_end_one_by_one() -> Drafted:
    """Any number of segments with the bytes after the last file (docs/format.md section 12)."""
    return _split_lines(_end_in_blocks)


@variant("TARSPLIT-004", "TARSPLIT-011")
def empty_segments() -> Drafted:
    """A segment without bytes adds none, where no padding is due (docs/format.md section 12)."""
    return _split_lines(lambda lines: [one for line in lines for one in _with_empty_segment(line)])


@variant("TARSPLIT-004", "TARSPLIT-008")
def name_raw_beside_the_same_name() -> Drafted:
    """A reader prefers ``name_raw`` (docs/format.md section 12), and both are equal."""

    def both(line: Json) -> Json:
        raw = base64.b64encode(line.get("name", "").encode()).decode()
        return {**line, "name_raw": raw} if line["type"] == 1 else line

    return _split_lines(lambda lines: [both(line) for line in lines])


@variant("TARSPLIT-004")
def blanks_in_the_lines() -> Drafted:
    """Insignificant blanks within a line (RFC 8259 section 2)."""
    return _split(json.dumps)


@variant("TARSPLIT-004")
def keys_of_lines_in_alphabetical_order() -> Drafted:
    """Members have no order (RFC 8259 section 4)."""
    return _split(lambda line: json.dumps(line, sort_keys=True))


@variant("TARSPLIT-004")
def sizes_of_zero_spelt_out() -> Drafted:
    """``size`` 0 on records without content (docs/format.md section 12)."""
    return _split(lambda line: _compact({**line, "size": line.get("size", 0)} if line["type"] == 1 else line))


@variant("TARSPLIT-004")
def empty_payload_for_null() -> Drafted:
    """ "" and null are both no bytes to Go's decoder (docs/format.md section 12)."""
    return _split(lambda line: _compact({**line, "payload": line["payload"] or ""}))


@variant("TARSPLIT-004")
def no_payload_on_records_without_content() -> Drafted:
    """The key left out where it would be null (docs/format.md section 12)."""
    return _split(lambda line: _compact({key: value for key, value in line.items() if value is not None}))


@variant("TARSPLIT-004")
def unknown_keys_in_lines() -> Drafted:
    """Unknown keys are skipped by Go's decoder (docs/format.md section 12)."""
    return _split(lambda line: _compact({**line, "x-note": [1, {}]}))


@variant("TARSPLIT-004", "TARSPLIT-002")
def no_newline_at_the_end() -> Drafted:
    """A stream of JSON texts needs no end of line after the last one (Go's json.Decoder, which readers use)."""
    return _split(_compact, end="")


@variant("TARSPLIT-004")
def carriage_returns_and_blank_lines() -> Drafted:
    """White space between JSON texts of a stream is skipped (Go's json.Decoder; RFC 8259 section 2)."""
    return _split(lambda line: _compact(line) + "\r\n", end="\n\n")


@variant(warns=("TARSPLIT-005",))
def plain_image_without_tar_split() -> Drafted:
    """A plain layer without tar-split: clients then download it (docs/format.md section 14)."""

    return plain_image_of(draft_layer((Node("file", content=b"content"),), WriterOptions(tar_split=False)))


def _reversed(draft: LayerDraft) -> LayerDraft:
    names = [entry["name"] for entry in draft.toc["entries"] if entry["type"] != "chunk"]
    rank = {name: -number for number, name in enumerate(names)}
    groups = sorted(draft.toc["entries"], key=lambda entry: (rank[entry["name"]], entry["type"] == "chunk"))
    draft.toc["entries"] = groups
    return draft


def _moved(entry: Json, ending: str) -> str:
    return str(entry["modtime"]).removesuffix("Z") + ending
