"""REG-012 to -014, -018, -020, -025 and -026: mounting, deleting, referrers, load, sequences."""

from collections.abc import Iterator

from conformance.checks.registry.storage import error_codes, same_bytes, status
from conformance.format.document import decode_object
from conformance.format.errors import FormatError
from conformance.observed.evidence import Note
from conformance.observed.registry import MachineSeen, MountSeen, ReferrersSeen, RoundSeen, SurvivalSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed, informed, judge, passed, unsupported

# distribution-spec 1.1.1, "Content Management": 405 or 400 where deleting is switched off, 404 (end-9, end-10) where
# there is no such endpoint. The user may lack the right to delete.
DELETE_REFUSED = (400, 401, 403, 404, 405, 409, 501)


@decides("REG-012")
def mounts(seen: MountSeen) -> Iterator[Judgement]:
    yield status(seen.response, (201,), "A blob of another repository is not mounted.")
    if seen.response.status == 201 and seen.head is not None:
        yield status(seen.head, (200,), "The mounted blob is missing.")


@decides("REG-013")
def mount_falls_back(cases: tuple[MountSeen, ...]) -> Iterator[Judgement]:
    for seen in cases:
        if seen.response.status == 201:
            if seen.head is not None:
                yield status(seen.head, (200,), "The registry reports that it mounted a blob, which is missing.")
            continue
        location = seen.response.header("Location")
        yield judge(
            seen.response.status == 202 and bool(location),
            "The response to a refused mount has no upload session.",
            where=seen.response.what,
            expected="HTTP 202 with a Location",
            found=f"HTTP {seen.response.status}, Location {location or 'absent'}",
            evidence=(seen.response.exchange,),
        )


@decides("REG-014")
def shared_blobs_survive(seen: SurvivalSeen) -> Iterator[Judgement]:
    refused = [response for response in seen.deletes if response.status in DELETE_REFUSED]
    if len(refused) == len(seen.deletes):
        yield unsupported("The registry does not delete.", evidence=tuple(response.exchange for response in refused))
        return
    for expected, response in seen.reads:
        yield same_bytes(expected, response, "After deleting the plain variant, the sentinel variant cannot be read.")
    if not seen.collected:
        yield informed("Garbage collection could not be run over the network; only deletes were tried.")


@decides("REG-018")
def lists_referrers(seen: ReferrersSeen) -> Iterator[Judgement]:
    if seen.put.status != 201:
        yield status(seen.put, (201,), "The registry refuses a manifest with a subject.")
        return
    found = "no such endpoint" if seen.listed.status == 404 else f"HTTP {seen.listed.status}"
    digests: list[str] = []
    if seen.listed.status == 200:
        try:
            entries = decode_object(seen.listed.content, what="referrers").get("manifests")
            digests = (
                [str(entry.get("digest")) for entry in entries if isinstance(entry, dict)]
                if isinstance(entries, list)
                else []
            )
            found = f"{len(digests)} referrers, not this one"
        except FormatError as error:
            found = str(error)
    yield judge(
        seen.referrer in digests, "A referrer of the sentinel manifest is not listed.", where=seen.listed.what,
        expected=seen.referrer, found=found, evidence=(seen.put.exchange, seen.listed.exchange),
    )  # fmt: skip


@decides("REG-025")
def nothing_lost_under_load(rounds: tuple[RoundSeen, ...]) -> Iterator[Judgement]:
    for seen in rounds:
        for response in seen.repeated:
            yield status(
                response, (201,), "A request that was refused during concurrent pushes is refused again when repeated."
            )
        for expected, response in seen.reads:
            yield same_bytes(expected, response, "After concurrent pushes some content cannot be read.")


@decides("REG-026")
def takes_concurrent_pushes(rounds: tuple[RoundSeen, ...]) -> Iterator[Judgement]:
    refusing = [seen for seen in rounds if seen.refused]
    first = refusing[0].refused[0] if refusing else None
    found = "none refused"
    if first is not None:
        found = f"in {len(refusing)} of {len(rounds)} rounds, first HTTP {first.status} {error_codes(first)}".strip()
    yield judge(
        first is None,
        "A push is refused while other clients push into the same repository.",
        where=first.what if first else "concurrent pushes",
        expected=f"no request refused in {len(rounds)} rounds",
        found=found,
        evidence=(first.exchange,) if first else (),
    )


@decides("REG-020")
def consistent_with_model(seen: MachineSeen) -> Iterator[Judgement]:
    if seen.failure:
        yield failed(
            "The state of the registry after a sequence of requests contradicts the requests.",
            where="the shortest failing sequence that was found",
            expected="the content of a model of the requests",
            found=seen.failure.strip().splitlines()[-1] if seen.failure.strip() else "an error",
            evidence=(Note(seen.failure), *seen.exchanges[-3:]),
        )
    elif seen.sequences:
        yield passed(f"{seen.sequences} sequences")
