"""Prints an image as a tree for terminals. All text of the image passes through ``safe``."""

from collections.abc import Iterable

from rich.text import Text
from rich.tree import Tree

from conformance.anatomy.model import (
    ConfigView,
    EntryView,
    FieldView,
    FooterView,
    FramesView,
    FrameView,
    ImageView,
    IndexView,
    LayerView,
    ManifestView,
    SentinelView,
    TarSplitView,
    TocView,
)
from conformance.anatomy.words import HOLDS, count_text, cut, size_text
from conformance.format.footer import FooterForm
from conformance.observed.printable import safe

MAX_LISTED = 20
_ODD, _QUIET = "yellow", "dim"
_FORMS = {
    FooterForm.CURRENT: "current form, 64 bytes",
    FooterForm.TRANSITIONAL: "transitional form, 56 bytes, without tar-split",
    FooterForm.FIRST: "first form, 40 bytes, without tar-split",
}


def image_tree(image: ImageView, limit: int | None = MAX_LISTED) -> Tree:
    """The whole image; lists are cut after ``limit`` items (None: none are cut)."""
    return _Drawing(limit).image(image)


class _Drawing:
    def __init__(self, limit: int | None) -> None:
        self._limit = limit

    def image(self, image: ImageView) -> Tree:
        root = Tree(Text(safe(image.reference), style="bold"), guide_style=_QUIET)
        parent = root
        if image.index is not None:
            parent = self._index(root, image.index)
        shown = image.manifests[: self._limit]
        for manifest in shown:
            self._manifest(parent, manifest)
        more = len(image.manifests) - len(shown)
        if more:
            parent.add(_more(more, "manifests"))
        if image.hidden:
            parent.add(Text(f"{count_text(image.hidden, 'entry', 'entries')} of other platforms", style=_QUIET))
        return root

    def _index(self, parent: Tree, index: IndexView) -> Tree:
        node = parent.add(_line("index", index.digest, size_text(index.size), index.media_type))
        self._annotations(node, index.annotations)
        if index.problem:
            node.add(Text(safe(index.problem), style=_ODD))
        for choice in index.choices:
            node.add(
                Text(
                    f"{safe(choice.platform)}: clients that know the sentinel pull [{choice.aware}], "
                    f"those that prefer zstd [{choice.prefers_zstd}], those that take the first [{choice.takes_first}]",
                    style=_QUIET,
                )
            )
        return node

    def _manifest(self, parent: Tree, manifest: ManifestView) -> None:
        label = manifest.name.removeprefix("manifests") if manifest.name.startswith("manifests[") else ""
        kind = {"sentinel": "sentinel variant", "zstd": "zstd", "": ""}[manifest.kind]
        head = Text(" ".join(part for part in (label, safe(manifest.platform), kind) if part), style="bold cyan")
        line = _line("manifest", manifest.digest, size_text(manifest.size), manifest.media_type)
        node = parent.add(Text("  ").join([head, line]) if head else line)
        self._annotations(node, manifest.entry_annotations, "entry annotation")
        if manifest.problem:
            node.add(Text(safe(manifest.problem), style=_ODD))
        self._annotations(node, manifest.annotations)
        if manifest.config is not None:
            _config(node, manifest.config)
        shown = manifest.layers[: self._limit]
        for layer in shown:
            self._layer(node, layer)
        if len(manifest.layers) > len(shown):
            node.add(_more(len(manifest.layers) - len(shown), "layers"))

    def _annotations(self, parent: Tree, annotations: dict[str, str], label: str = "annotation") -> None:
        items = list(annotations.items())
        shown = items[: self._limit]
        for key, value in shown:
            parent.add(Text(f"{label} {cut(key, 120)} = {cut(value, 120)}", style=_QUIET))
        if len(items) > len(shown):
            parent.add(_more(len(items) - len(shown), "annotations"))

    def _layer(self, parent: Tree, layer: LayerView) -> None:
        head = Text(f"layer {layer.position}  {layer.kind}", style="bold")
        node = parent.add(Text("  ").join([head, Text(f"{size_text(layer.size)}  {safe(layer.digest)}")]))
        if layer.kind == "other":
            node.add(Text(f"media type {safe(layer.media_type)}", style=_QUIET))
        if layer.same_as:
            node.add(Text(f"the same as {safe(layer.same_as)}", style=_QUIET))
            return
        if layer.diff_id and layer.diff_id != layer.digest:
            node.add(Text(f"DiffID {safe(layer.diff_id)}", style=_QUIET))
        if layer.sentinel is not None:
            _sentinel(node, layer.sentinel)
        if layer.frames is not None:
            self._frames(node, layer.frames)
        if layer.toc is not None:
            self._toc(node, layer.toc)
        if layer.tar_split is not None:
            _tar_split(node, layer.tar_split)
        if layer.footer is not None:
            _footer(node, layer.footer)
        if layer.agreement:
            style = "green" if layer.agreement.startswith("footer and annotations agree") else _ODD
            node.add(Text(safe(layer.agreement), style=style))
        for remark in layer.remarks:
            node.add(Text(safe(remark), style=_ODD))

    def _frames(self, parent: Tree, frames: FramesView) -> None:
        if frames.read:
            total = sum(count.count for count in frames.counts)
            low, high = frames.windows
            window = size_text(low) if low == high else f"{size_text(low)} to {size_text(high)}"
            line = f"{count_text(total, 'frame')}, windows of {window}, {frames.with_checksum} with checksum"
        else:
            line = "spans by the TOC (the blob was not read: --frames does that)"
        node = parent.add(Text(line))
        for count in frames.counts:
            node.add(Text(f"{count.count:>8}  {HOLDS[count.holds]}, {size_text(count.size)}"))
        _add_listed(
            node, "    offset      size   content  holds", map(_frame_row, frames.listed.first), frames.listed.more
        )

    def _toc(self, parent: Tree, toc: TocView) -> None:
        at = toc.position
        node = parent.add(
            Text(f"TOC  at {at.offset}, {size_text(at.compressed)} compressed, {size_text(at.uncompressed)} of JSON")
        )
        node.add(_digest_line(toc.digest, toc.expected, "the manifest"))
        if not toc.types:
            return
        kinds = ", ".join(f"{count} {safe(kind)}" for kind, count in toc.types.items())
        node.add(Text(f"version {toc.version}, {count_text(sum(toc.types.values()), 'entry', 'entries')}: {kinds}"))
        if toc.whiteouts or toc.with_xattrs:
            node.add(Text(f"{count_text(toc.whiteouts, 'whiteout')}, {toc.with_xattrs} with extended attributes"))
        node.add(Text(f"{size_text(toc.content_size)} of file content"))
        if toc.split_files:
            line = f"{count_text(toc.split_files, 'file')} split into {toc.chunks} chunks"
            if toc.zeros_chunks:
                line += f", {toc.zeros_chunks} of them zeros: {size_text(toc.zeros_size)}"
            node.add(Text(line))
        if not toc.tar_split_digest:
            node.add(Text("it names no tar-split", style=_ODD))
        heading = "type      mode       owner        size  chunks  name"
        _add_listed(node, heading, map(_entry_row, toc.listed.first), toc.listed.more)


def _config(parent: Tree, config: ConfigView) -> None:
    node = parent.add(_line("config", config.digest, size_text(config.size)))
    if config.problem:
        node.add(Text(safe(config.problem), style=_ODD))
    facts = [safe(config.platform)] if config.platform else []
    facts += [f"created {cut(config.created, 40)}"] if config.created else []
    facts += [f"by {cut(config.author, 60)}"] if config.author else []
    counted = (
        (config.diff_ids, "DiffID"),
        (config.history, "history line"),
        (config.environment, "variable"),
        (config.labels, "label"),
    )
    facts += [count_text(count, noun) for count, noun in counted if count]
    if facts:
        node.add(Text(", ".join(facts)))
    if config.command:
        node.add(Text(f"runs {cut(' '.join(config.command), 200)}"))


def _sentinel(parent: Tree, sentinel: SentinelView) -> None:
    known = f"content of revision {sentinel.revision}" if sentinel.revision else "content of no known revision"
    node = parent.add(Text(known, style="" if sentinel.revision else _ODD))
    for field in sentinel.fields:
        _field(node, field)


def _field(parent: Tree, field: FieldView) -> None:
    node = parent.add(Text(f"bytes {field.start} to {field.end - 1}  {field.name}"))
    raw = " ".join(field.hex[start : start + 2] for start in range(0, min(len(field.hex), 96), 2))
    node.add(Text(raw + (" …" if len(field.hex) > 96 else ""), style=_QUIET))
    for line in field.text.split("\n"):
        node.add(Text(f'"{cut(line, 120)}"', style="green"))


def _tar_split(parent: Tree, split: TarSplitView) -> None:
    at = split.position
    node = parent.add(
        Text(f"tar-split  at {at.offset}, {size_text(at.compressed)} compressed, {size_text(at.uncompressed)}")
    )
    node.add(_digest_line(split.digest, split.expected, "the TOC"))
    if split.files or split.segments:
        node.add(
            Text(
                f"{count_text(split.files, 'file record')}, {count_text(split.segments, 'segment')} "
                f"with {size_text(split.raw_size)} of headers and padding"
            )
        )


def _footer(parent: Tree, footer: FooterView) -> None:
    node = parent.add(Text(f"footer  at {footer.offset}, {_FORMS[footer.form]}"))
    node.add(Text(f"TOC {footer.toc}", style=_QUIET))
    if footer.tar_split is not None:
        node.add(Text(f"tar-split {footer.tar_split}", style=_QUIET))


def _digest_line(found: str, expected: str, who: str) -> Text:
    if not found:
        return Text("not read", style=_ODD)
    if not expected:
        return Text(f"digest {found}; {who} states no digest", style=_ODD)
    if found != expected:
        return Text(f"digest {found}; {who} states {cut(expected, 140)}", style=_ODD)
    return Text(f"digest {found}, as {who} states", style=_QUIET)


def _frame_row(frame: FrameView) -> Text:
    content = "" if frame.content_size is None else str(frame.content_size)
    name = f"  {cut(frame.name, 100)}" if frame.name else ""
    return Text(f"{frame.offset:>10}  {frame.size:>8}  {content:>8}  {HOLDS[frame.holds]}{name}")


def _entry_row(entry: EntryView) -> Text:
    target = f" -> {cut(entry.link_name, 100)}" if entry.link_name else ""
    owner = f"{entry.uid}:{entry.gid}"
    return Text(
        f"{cut(entry.type, 8):<8}  {entry.mode:04o}  {owner:>10}  {entry.size:>10}  {entry.chunks:>6}  "
        f"{cut(entry.name, 160)}{target}"
    )


def _line(what: str, digest: str, *facts: str) -> Text:
    shown = [safe(fact) for fact in facts if fact]
    return Text("  ".join([f"{what} {safe(digest) or '(no digest)'}", *shown]))


def _more(count: int, what: str = "") -> Text:
    return Text(f"… {count} more{' ' + what if what else ''} (--all shows them)", style=_QUIET)


def _add_listed(parent: Tree, heading: str, rows: Iterable[Text], more: int) -> None:
    """A table below its heading, where it has rows, and how many are not shown."""
    listed = tuple(rows)
    if not listed:
        return
    table = parent.add(Text(heading, style=_QUIET))
    _add_all(table, listed)
    if more:
        table.add(_more(more))


def _add_all(parent: Tree, rows: Iterable[Text]) -> None:
    for row in rows:
        parent.add(row)
