"""Judges the image of a reference that the user typed, for ``zcc check`` and for the suite."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from conformance.checks.artifact.judge import has_sentinel, judge_image, needs_deep, notes_on, unreadable
from conformance.checks.artifact.partial_pulls import pulled_whole
from conformance.checks.bound import unchecked
from conformance.observed.image import ImageSeen
from conformance.readers.layers import ask_readers
from conformance.readers.sentinel_panel import read_with_panel
from conformance.registry.client.options import ConnectionOptions
from conformance.reports.model import SubjectReport, subject_report
from conformance.reports.provenance import Flag, Identity, Target, digest_of
from conformance.requirements import Profile, ids_of
from conformance.results import Judgement, RequirementResult, Waiver, apply_waivers, notes_on_waivers
from conformance.sources.errors import SourceError
from conformance.sources.image import observe_image
from conformance.sources.layers import LayerReading
from conformance.sources.layout import LayoutSource
from conformance.sources.reference import LayoutReference, parse_reference
from conformance.sources.source import ImageSource


class CheckOptions(msgspec.Struct, frozen=True):
    """How one image is checked.

    ``deep``: read every byte of its layers; ``readers``: also give them to the real readers on this machine; ``expect``
    is called with the number of their bytes, ``progress`` with the bytes read. ``waivers``: known failures.
    """

    connection: ConnectionOptions = ConnectionOptions()
    use_panel: bool = True
    require_sentinel: bool = False
    require_chunked: bool = False
    deep: bool = False
    readers: bool = False
    progress: Callable[[int], None] | None = None
    expect: Callable[[int], None] | None = None
    waivers: tuple[Waiver, ...] = ()


def check_image(reference: str, options: CheckOptions) -> SubjectReport:
    """Observe and judge one image. Raises SourceError when it cannot be judged."""
    return judge_source(open_source(reference, options.connection, judged=True), options)


def open_source(reference: str, connection: ConnectionOptions, *, judged: bool = False) -> ImageSource:
    """The image source for a typed reference; raises SourceError for an invalid reference.

    ``judged``: a layout is opened to be judged, not to be copied (LayoutSource).
    """
    parsed = parse_reference(reference)
    if isinstance(parsed, LayoutReference):
        return LayoutSource(parsed, judged=judged)
    from conformance.sources.remote import RemoteSource, client_for  # noqa: PLC0415 (a layout needs no HTTP)

    client = client_for(parsed, connection)
    return RemoteSource(client, parsed)


def judge_source(source: ImageSource, options: CheckOptions) -> SubjectReport:
    """The report on one image; SourceError when its root document cannot be read."""
    seen = observe_image(
        source,
        panel=read_with_panel if options.use_panel else None,
        reading=LayerReading(options.deep, options.progress, options.expect),
    )
    if options.readers:
        seen = msgspec.structs.replace(seen, layers=ask_readers(source, seen.layers))
    return report_on(seen, options, replay=_replay(source, options))


def report_on(
    seen: ImageSeen,
    options: CheckOptions,
    *,
    replay: str = "",
    of_layers: Mapping[str, Sequence[Judgement]] | None = None,
) -> SubjectReport:
    """The report on an observed image; ``of_layers`` as in ``judge_image``. Raises SourceError as above."""
    problems = unreadable(seen)
    is_finding = bool(seen.index_malformed) or any(manifest.malformed for manifest in seen.manifests)
    if problems and not is_finding and not any(manifest.document for manifest in seen.manifests):
        raise SourceError(f"{seen.reference}: {problems[0]}")
    results = judge_image(seen, replay=replay, of_layers=of_layers)
    today = datetime.now(UTC).date()
    notes = (
        *notes_on_waivers(results, options.waivers, today),
        *notes_on(seen, needs_sentinel=options.require_sentinel, needs_chunked=options.require_chunked),
    )
    profiles = profiles_of_image(seen, results)
    results = apply_waivers(results, options.waivers, today)
    bound = tuple(result for result in results if any(result.id in ids_of(profile) for profile in profiles))
    return subject_report(
        seen.reference,
        ("artifact",),
        tuple(result for result in bound if not needs_deep(result)),
        profiles=profiles,
        notes=notes,
        unchecked=tuple(name for name in unchecked("artifact") if any(name in ids_of(each) for each in profiles)),
        needs_deep=tuple(result.id for result in bound if needs_deep(result)),
        unmet=tuple(_unmet(seen, options)),
        identity=_identity(seen),
    )


def _unmet(seen: ImageSeen, options: CheckOptions) -> Iterator[str]:
    """What the user requests of the image, and it does not have."""
    if options.require_sentinel and not has_sentinel(seen):
        yield "no sentinel variant, which --require-sentinel requests"
    whole = pulled_whole(seen) if options.require_chunked else ()
    if whole:
        yield f"--require-chunked: {len(whole)} layer{'s' * (len(whole) > 1)} cannot be pulled in parts"


def target_of(reference: str, options: CheckOptions) -> Target:
    """The target of ``zcc check``, with the options that change what is judged."""
    flags: tuple[tuple[Flag, bool], ...] = (
        ("deep", options.deep),
        ("readers", options.readers),
        ("no-panel", not options.use_panel),
        ("require-sentinel", options.require_sentinel),
        ("require-chunked", options.require_chunked),
    )
    return Target("image", (reference,), tuple(flag for flag, is_on in flags if is_on))


def _identity(seen: ImageSeen) -> Identity | None:
    """The digest of the root document, which identifies the image."""
    root = seen.index_stored or (seen.manifests[0].stored if seen.manifests else None)
    if root is None or root.content is None:
        return None
    return Identity("image", seen.reference, digest_of(root.content))


def _replay(source: ImageSource, options: CheckOptions) -> str:
    """The command that judges this image again, with the same options."""
    flags = [flag for flag, is_on in (("--deep", options.deep), ("--readers", options.readers)) if is_on]
    reach = () if isinstance(source, LayoutSource) else options.connection.arguments()
    return shlex.join(["zcc", "check", *flags, *reach, str(source.reference)])


def profiles_of_image(seen: ImageSeen, results: Iterable[RequirementResult]) -> tuple[Profile, ...]:
    """The profile that an image claims by its content: ``pair`` with a sentinel, ``layer`` with zstd:chunked layers, or
    none.

    An image without such layers claims none, unless a requirement on every image failed or could not be decided. An
    image in which a part of a pair failed or could not be read claims ``pair``, with or without a sentinel.
    """
    layer = ids_of("layer")
    looked_at = [result for result in results if result.verdict != "not-applicable" or needs_deep(result)]
    if has_sentinel(seen) or any(result.id not in layer for result in looked_at if result.verdict != "pass"):
        return ("pair",)
    telling = [result for result in looked_at if result.id in layer and result.verdict in ("fail", "not-run")]
    return ("layer",) if seen.layers.layers or telling else ()
