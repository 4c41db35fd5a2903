"""SENT-BLOB: rules for the bytes of a sentinel blob, and the results of real tar readers."""

from collections.abc import Iterator
from itertools import islice

from conformance.format.digest import Digest
from conformance.format.foreign_archives import archive
from conformance.format.names import REVISIONS
from conformance.format.sentinel import (
    MAX_SIZE,
    MIN_SIZE,
    NEAR_START,
    WORDS,
    compression,
    first_zero,
    has_empty_name,
    known_revision,
    missing_words,
    names_a_document,
    readings_as_tar,
    zero_blocks,
)
from conformance.format.tarheader import (
    BLOCK,
    CHECKSUM,
    MAGIC,
    PREFIX,
    STAR_TAIL,
    accepted_header,
    blocks,
    header_sums,
    matching_checksum,
    tar_magic,
)
from conformance.observed.evidence import BytesEvidence
from conformance.observed.image import ReaderOutcome, SentinelBlob
from conformance.requirements import decides
from conformance.results import Judgement, failed, informed, judge, not_run, passed

# A hostile blob may hold a header at every byte: the first ones state enough.
MAX_NAMED = 8


@decides("SENT-BLOB-001")
def rejected_by_strict_readers(blob: SentinelBlob) -> Iterator[Judgement]:
    """By computation, which covers more readers than one machine has, and by the readers that were run."""
    where = f"{blob.name}: header rules"
    found = tuple(islice(readings_as_tar(blob.content), MAX_NAMED))
    if not found:
        yield passed(where, found="no block that a tar reader accepts")
    for offset, why in found:
        yield failed(
            f"A tar reader accepts the sentinel blob at byte {offset}: {why}.",
            where=where,
            expected="no block that a tar reader accepts",
            found=why,
            evidence=(_bytes(blob, offset, "no tar header and no end of archive"),),
        )
    if not blob.panel:
        yield informed("The panel of tar readers was not run; judged by the header rules alone.", where=blob.name)
    for outcome in blob.panel:
        yield _panel_judgement(blob, outcome)


@decides("SENT-BLOB-002")
def has_zero_in_first_block(blob: SentinelBlob) -> Iterator[Judgement]:
    offset = first_zero(blob.content[:BLOCK])
    yield judge(
        offset is not None,
        "The sentinel blob appears to be text: there is no binary zero in its first 512 bytes.",
        where=blob.name,
        expected="a zero byte within bytes 0 to 511",
        found=f"the first at byte {offset}" if offset is not None else "none",
        evidence=(_bytes(blob, 0, "a zero byte within 512 bytes"),),
    )


@decides("SENT-BLOB-003")
def has_zero_near_start(blob: SentinelBlob) -> Iterator[Judgement]:
    offset = first_zero(blob.content)
    yield judge(
        offset is not None and offset < NEAR_START,
        "The first binary zero of the sentinel blob is not close to its start.",
        where=blob.name,
        expected=f"a zero byte within bytes 0 to {NEAR_START - 1}",
        found=f"the first at byte {offset}" if offset is not None else "none",
        evidence=(_bytes(blob, 0, f"a zero byte within {NEAR_START} bytes", NEAR_START),),
    )


@decides("SENT-BLOB-004")
def holds_a_whole_header(blob: SentinelBlob) -> Iterator[Judgement]:
    size = len(blob.content)
    yield judge(
        size >= MIN_SIZE,
        "The sentinel blob is shorter than a tar header.",
        where=blob.name,
        expected=f"at least {MIN_SIZE} bytes",
        found=f"{size} bytes",
        evidence=(_bytes(blob, size, f"bytes up to {MIN_SIZE}"),),
    )


@decides("SENT-BLOB-005")
def has_wrong_checksum(blob: SentinelBlob) -> Iterator[Judgement]:
    """Judged when there is a whole first block (SENT-BLOB-004 states this if not)."""
    if len(blob.content) < BLOCK:
        return
    block = blob.content[:BLOCK]
    how = matching_checksum(block)
    sums = header_sums(block)
    yield judge(
        how is None,
        f"The checksum field of the sentinel blob is valid for a tar header ({how}); some readers check nothing else.",
        where=f"{blob.name}: bytes 148 to 155",
        expected=f"neither {sums.unsigned} (unsigned sum) nor {sums.signed} (signed sum) in any notation",
        found=how or block[CHECKSUM].hex(" "),
        evidence=(_bytes(blob, CHECKSUM.start, "a checksum that matches no sum", 8),),
    )


@decides("SENT-BLOB-006")
def has_no_tar_magic(blob: SentinelBlob) -> Iterator[Judgement]:
    """Judged when there is a whole first block (SENT-BLOB-004 states this if not)."""
    if len(blob.content) < BLOCK:
        return
    block = blob.content[:BLOCK]
    variant = tar_magic(block)
    place = STAR_TAIL if variant == "star (tail)" else MAGIC
    yield judge(
        variant is None,
        f"The sentinel blob contains the magic of a tar variant: {variant}.",
        where=f"{blob.name}: bytes {place.start} to {place.stop - 1}",
        expected="no tar magic, such as NOTTAR",
        found=repr(block[place])[1:],
        evidence=(_bytes(blob, place.start, "no tar magic", len(block[place])),),
    )


@decides("SENT-BLOB-007")
def is_no_empty_archive(blob: SentinelBlob) -> Iterator[Judgement]:
    content = blob.content
    if not content:
        yield failed(
            "The sentinel blob has no bytes: many tar readers read an empty archive.",
            where=blob.name,
            expected="content",
            found="0 bytes",
            evidence=(_bytes(blob, 0, "content"),),
        )
        return
    if len(content) < BLOCK:
        yield passed(f"{blob.name}: length", found=f"{len(content)} bytes")
        return
    zeros = zero_blocks(content)
    if not zeros:
        yield passed(f"{blob.name}: zero blocks", found="none")
    for offset in zeros[:MAX_NAMED]:
        yield failed(
            f"The 512 bytes at byte {offset} of the sentinel blob are all zeros: tar readers read the end of "
            "an archive.",
            where=f"{blob.name}: bytes {offset} to {offset + BLOCK - 1}",
            expected="no block of zeros",
            found="512 zeros",
            evidence=(_bytes(blob, offset, "a byte other than zero"),),
        )
    yield judge(
        not has_empty_name(content),
        "Name and prefix of the sentinel blob both begin with NUL: busybox reads the end of an archive.",
        where=f"{blob.name}: bytes 0 and {PREFIX}",
        expected="at least one of the two not NUL",
        found=f"{content[0]:#04x} and {content[PREFIX]:#04x}",
        evidence=(_bytes(blob, 0, "not NUL, or", 1), _bytes(blob, PREFIX, "not NUL", 1)),
    )


@decides("SENT-BLOB-008")
def hides_no_later_header(blob: SentinelBlob) -> Iterator[Judgement]:
    """Judged when whole blocks follow the first one."""
    for offset, block in islice(blocks(blob.content), 1, None):
        why = accepted_header(block)
        yield judge(
            why is None,
            f"A tar header follows inside the sentinel blob at byte {offset}, where readers skip to it: {why}.",
            where=f"{blob.name}: bytes {offset} to {offset + BLOCK - 1}",
            expected="no tar header",
            found=why or "no tar header",
            evidence=(_bytes(blob, offset, "no tar header"),),
        )


@decides("SENT-BLOB-009")
def says_what_it_is(blob: SentinelBlob) -> Iterator[Judgement]:
    missing = missing_words(blob.content)
    yield judge(
        not missing,
        "The sentinel blob does not state that the image is consumed by TOC digests and never as tar.",
        where=blob.name,
        expected=f"the words {', '.join(WORDS)} in ASCII",
        found=f"missing: {', '.join(missing)}" if missing else "all",
        evidence=(_bytes(blob, 0, "a text for users"),),
    )


@decides("SENT-BLOB-010")
def is_known_content(blob: SentinelBlob) -> Iterator[Judgement]:
    revision = known_revision(blob.content)
    known = ", ".join(f"{digest} ({each.name})" for each in REVISIONS.values() for digest in each.sentinel_digests)
    yield judge(
        revision is not None,
        "The sentinel blob is not the content of any published format revision.",
        where=blob.name,
        expected=known,
        found=f"{Digest.of(blob.content)}" + (f" ({revision.name})" if revision else ""),
        evidence=(_bytes(blob, 0, "known content"),),
    )


@decides("SENT-BLOB-013")
def links_to_a_document(blob: SentinelBlob) -> Iterator[Judgement]:
    yield judge(
        names_a_document(blob.content),
        "The sentinel blob has no URL of a document that explains it.",
        where=blob.name,
        expected="an absolute URL, such as https://github.com/containers/image",
        found="none",
        evidence=(_bytes(blob, 0, "a URL for users"),),
    )


@decides("SENT-BLOB-011")
def is_not_compressed(blob: SentinelBlob) -> Iterator[Judgement]:
    name = compression(blob.content)
    yield judge(
        name is None,
        f"The sentinel blob is a {name} stream; tools that detect the compression would unpack it.",
        where=blob.name,
        expected="no stream of a compression",
        found=name or "not compressed",
        evidence=(_bytes(blob, 0, "no magic of a compression", 8),),
    )


@decides("SENT-BLOB-014")
def is_no_other_archive(blob: SentinelBlob) -> Iterator[Judgement]:
    name = archive(blob.content)
    yield judge(
        name is None,
        f"The sentinel blob is a {name} archive, which bsdtar lists and extracts like a tar.",
        where=blob.name,
        expected="no archive of any format",
        found=name or "no archive",
        evidence=(_bytes(blob, 0, "no magic of an archive", 8),),
    )


@decides("SENT-BLOB-012")
def is_small(blob: SentinelBlob) -> Iterator[Judgement]:
    size = len(blob.content)
    yield judge(
        size <= MAX_SIZE,
        "The sentinel blob is larger than necessary; clients may fetch it.",
        where=blob.name,
        expected=f"at most {MAX_SIZE} bytes",
        found=f"{size} bytes",
        evidence=(_bytes(blob, MAX_SIZE, "the end of the blob"),),
    )


def _panel_judgement(blob: SentinelBlob, outcome: ReaderOutcome) -> Judgement:
    reader = f"{outcome.reader} {outcome.version}".strip()
    where = f"{blob.name}: {reader}"
    if outcome.absent:
        why = "it cannot read a valid archive" if outcome.evidence else "it is not on this machine"
        return informed(
            f"A tar reader was not run: {why}.",
            where=where,
            evidence=outcome.evidence,
        )
    if outcome.accepted:
        entries = f"{len(outcome.entries)} entries" if outcome.entries else "an empty archive"
        if outcome.lenient:
            return informed(
                f"A lenient tar reader accepts the sentinel blob as {entries}.",
                where=where,
                evidence=outcome.evidence,
            )
        return failed(
            f"{reader} accepts the sentinel blob as {entries}.",
            where=where,
            expected="rejected",
            found=f"accepted: {entries}" + (f" ({', '.join(outcome.entries[:MAX_NAMED])})" if outcome.entries else ""),
            evidence=outcome.evidence,
        )
    if any(command.exit_status is None for command in outcome.evidence):
        say = informed if outcome.lenient else not_run
        return say(f"{reader} exceeded the time limit on the sentinel blob.", where=where, evidence=outcome.evidence)
    return passed(where, found="rejected")


def _bytes(blob: SentinelBlob, offset: int, expected: str, length: int = 32) -> BytesEvidence:
    return BytesEvidence(blob.name, offset, expected, blob.content[offset : offset + length])
