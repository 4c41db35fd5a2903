"""REG-030 and -031: whether content is there, by HEAD and GET, and in several repositories."""

from collections.abc import Iterator

from conformance.checks.registry.lifecycle import DELETE_REFUSED
from conformance.checks.registry.storage import status
from conformance.format.digest import Digest
from conformance.observed.registry import ApartSeen, PairSeen
from conformance.requirements import decides
from conformance.results import Judgement, informed, judge, unsupported


@decides("REG-030")
def head_and_get_agree(seen: ApartSeen) -> Iterator[Judgement]:
    for pair in seen.pairs:
        if pair.was_pushed:
            yield status(pair.head, (200,), "HEAD does not find what was pushed.")
            yield status(pair.get, (200,), "GET does not find what was pushed.")
        yield judge(
            {pair.head.status, pair.get.status} != {200, 404} and max(pair.head.status, pair.get.status) < 500,
            "HEAD and GET do not both find it, or both state that it is not there.",
            where=pair.head.what,
            expected="both find it, or neither does",
            found=f"HEAD: HTTP {pair.head.status}, GET: HTTP {pair.get.status}",
            evidence=(pair.head.exchange, pair.get.exchange),
        )
        if pair.head.status == pair.get.status == 200:
            yield from _stated(pair)
        if pair.is_foreign and pair.get.status == 200:
            yield informed(
                "It is served in a repository that it was never pushed to: who may read one repository may read this.",
                where=pair.get.what,
                evidence=(pair.get.exchange,),
            )


def _stated(pair: PairSeen) -> Iterator[Judgement]:
    """What HEAD states is true of the content of GET (RFC 9110 section 8.6)."""
    true = {"Content-Length": str(len(pair.get.content)), "Docker-Content-Digest": str(Digest.of(pair.get.content))}
    for name, expected in true.items():
        stated = pair.head.header(name)
        # A digest by another algorithm names the same content.
        if stated is not None and (name == "Content-Length" or stated.startswith("sha256:")):
            yield judge(
                stated == expected, f"The {name} of HEAD is not that of the content.", where=pair.head.what,
                expected=expected, found=stated, evidence=(pair.head.exchange, pair.get.exchange),
            )  # fmt: skip


@decides("REG-031")
def deletes_in_one_repository(seen: ApartSeen) -> Iterator[Judgement]:
    refused = [response for response in seen.deletes if response.status in DELETE_REFUSED]
    is_refused = len(refused) == len(seen.deletes)
    for pair in seen.pairs:
        if pair.was_deleted and pair.get.status == 200:
            yield informed(
                "It is still served after the registry accepted its deletion.",
                where=pair.get.what,
                evidence=(pair.get.exchange,),
            )
    for response in seen.reads:
        read = status(response, (200,), "What was deleted in one repository cannot be read in another.")
        if not is_refused or read.outcome == "fail":
            yield read
    if is_refused:
        yield unsupported("The registry does not delete.", evidence=tuple(response.exchange for response in refused))
