"""A TOC of 10⁶ entries: decode and all checks of it, compared with a msgspec decode alone. Must: at most 5 times as
long.

Entries as small as a million of them must be to stay below the 150 MiB that readers take; a third are chunks.
Run with ``python -m benchmarks.toc``; figures: benchmarks/README.md.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import msgspec

from conformance.checks.bound import checks_of
from conformance.format.digest import Digest
from conformance.format.names import LAYER_ZSTD_TYPE, MANIFEST_CHECKSUM, MANIFEST_POSITION
from conformance.format.oci import Descriptor
from conformance.format.positions import ChunkedAnnotations, TocPosition
from conformance.format.toc import Entry, Toc, decode_toc, encode_toc
from conformance.format.toc_keys import key_problems
from conformance.format.toc_outline import outline
from conformance.observed.layer import LayerSeen, LayersSeen, PayloadSeen, TocSeen

RUNS = 5
_DIGEST = Digest.of(b"")


def a_toc(count: int) -> Toc:
    """Directories, links, files, and files of two chunks, in turn."""
    entries: list[Entry] = []
    offset = 100
    while len(entries) < count:
        number = len(entries)
        entries.append(
            Entry(type="dir", name=f"usr/{number}/", mode=0o755, modtime=f"2026-11-24T10:{number % 60:02}:00Z")
        )
        entries.append(Entry(type="symlink", name=f"usr/{number}/link", link_name="file", mode=0o777))
        entries.append(Entry(type="reg", name=f"usr/{number}/empty", mode=0o644, modtime="2026-11-24T10:00:00Z"))
        split = Entry(
            type="reg",
            name=f"usr/{number}/big",
            mode=0o644,
            size=20,
            digest=str(_DIGEST),
            offset=offset,
            end_offset=offset + 40,
            chunk_size=10,
            chunk_digest="",
        )
        entries.append(split)
        chunk = Entry(
            type="chunk", name=split.name, offset=offset + 20, chunk_size=10, chunk_offset=10, chunk_type="zeros"
        )
        entries.append(chunk)
        offset += 60
    return Toc(1, entries[:count], str(_DIGEST))


def seconds(work: Callable[[], object]) -> float:
    """Median of RUNS."""
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def main() -> None:
    """Measure one after the other, because alternating runs would share memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=10**6)
    document = encode_toc(a_toc(parser.parse_args().entries))
    decoder = msgspec.json.Decoder(Toc)
    bound = {name: check for name, check in checks_of(LayersSeen).items() if name.startswith(("TOC-", "CHUNK-"))}
    end = 2**40
    annotations = {
        MANIFEST_CHECKSUM: str(_DIGEST),
        MANIFEST_POSITION: str(TocPosition(end, len(document), len(document))),
    }
    layer = LayerSeen("layer", Descriptor(LAYER_ZSTD_TYPE, str(_DIGEST), end * 2), ChunkedAnnotations.of(annotations))

    def check_all() -> dict[str, list[str]]:
        toc = decode_toc(document)
        seen = TocSeen(
            PayloadSeen(end, len(document), str(_DIGEST), len(document)),
            toc,
            outline(toc.entries),
            document_size=len(document),
            key_problems=key_problems(document, toc),
        )
        layers = LayersSeen((msgspec.structs.replace(layer, toc=seen),))
        artifact = (name for name in bound if name not in ("TOC-013", "TOC-014", "TOC-016", "TOC-017", "CHUNK-006"))
        return {name: [judgement.outcome for judgement in bound[name](layers)] for name in artifact}

    failing = {name for name, outcomes in check_all().items() if "fail" in outcomes}
    assert not failing, failing
    bare = seconds(lambda: decoder.decode(document))
    ours = seconds(check_all)
    print(f"{len(document) / 2**20:.0f} MiB of TOC")
    print(f"msgspec decode alone     {bare:6.2f} s")
    print(f"decode and all checks    {ours:6.2f} s   ratio {ours / bare:.2f} (limit 5)")


if __name__ == "__main__":
    main()
