"""Aware consumers with one defect each, in selecting an entry of an index."""

from conformance.cases.mutants.client_parts import consumer
from conformance.format.names import SENTINEL_ANNOTATION
from conformance.format.oci import Descriptor, Index
from conformance.format.selection import Policy, is_annotated_sentinel, select, wanted_platforms
from conformance.reference.consumer import Consumer
from conformance.reference.errors import RefusalError
from conformance.reference.toolkit import Toolkit
from conformance.requirements import mutant


class _Selects(Consumer):
    """Selects an entry by another rule."""

    def picked(self, index: Index) -> int | None:
        raise NotImplementedError

    def select(self, index: Index) -> Descriptor:
        position = self.picked(index)
        return super().select(index) if position is None else index.manifests[position]

    def by(self, index: Index, policy: Policy, *, prefer_gzip: bool | None = None) -> int | None:
        gzip = self._options.prefer_gzip if prefer_gzip is None else prefer_gzip
        return select(index, policy, self._options.platform, prefer_gzip=gzip)

    def usable(self, index: Index) -> list[int]:
        """Positions of entries for this platform."""
        wanted = wanted_platforms(self._options.platform.os, self._options.platform.architecture)
        return [place for place, entry in enumerate(index.manifests) if entry.platform in wanted]


@mutant("SENT-SELECT-001", implies=("SENT-SELECT-010",))
def never_takes_a_sentinel() -> Toolkit:
    class Never(_Selects):
        def picked(self, index: Index) -> int | None:
            return self.by(index, Policy.ZSTD)

    return consumer(Never)


@mutant("SENT-SELECT-003", implies=("SENT-SELECT-004", "SENT-SELECT-009"))
def sentinel_before_platform() -> Toolkit:
    class Sentinel(_Selects):
        def picked(self, index: Index) -> int | None:
            found = [place for place, entry in enumerate(index.manifests) if is_annotated_sentinel(entry)]
            free = self._open_ranges is not None and not self._options.prefer_gzip
            return found[0] if found and free else None

    return consumer(Sentinel)


@mutant("SENT-SELECT-004")
def refuses_without_a_sentinel() -> Toolkit:
    class Refuses(_Selects):
        def picked(self, index: Index) -> int | None:
            annotated = [is_annotated_sentinel(index.manifests[place]) for place in self.usable(index)]
            elsewhere = any(is_annotated_sentinel(entry) for entry in index.manifests)
            everywhere = all(entry.platform is not None for entry in index.manifests)
            if elsewhere and everywhere and not any(annotated):
                raise RefusalError("no sentinel variant for this platform")
            return None

    return consumer(Refuses)


@mutant("SENT-SELECT-005")
def any_value_is_true() -> Toolkit:
    class Any(_Selects):
        def picked(self, index: Index) -> int | None:
            untrue = [
                place
                for place in self.usable(index)
                if index.manifests[place].annotation(SENTINEL_ANNOTATION) not in (None, "true")
            ]
            return untrue[0] if untrue else None

    return consumer(Any)


@mutant("SENT-SELECT-006")
def trusts_the_annotation() -> Toolkit:
    class Believes(Consumer):
        believed = False

        def select(self, index: Index) -> Descriptor:
            chosen = super().select(index)
            self.believed = is_annotated_sentinel(chosen)
            return chosen

        def trusts_toc(self, sentinel: bool) -> bool:
            return self.believed or sentinel

    return consumer(Believes)


@mutant("SENT-SELECT-007")
def does_not_prefer_gzip() -> Toolkit:
    class Ignores(_Selects):
        def picked(self, index: Index) -> int | None:
            return self.by(index, Policy.AWARE, prefer_gzip=False) if self._open_ranges is not None else None

    return consumer(Ignores)


@mutant("SENT-SELECT-008", implies=("SENT-SELECT-011",))
def takes_the_sentinel_without_toc_pulls() -> Toolkit:
    class Always(_Selects):
        def picked(self, index: Index) -> int | None:
            return self.by(index, Policy.AWARE)

    return consumer(Always)


@mutant("SENT-SELECT-009")
def no_platform_is_the_best() -> Toolkit:
    class First(_Selects):
        def picked(self, index: Index) -> int | None:
            without = [
                place
                for place, entry in enumerate(index.manifests)
                if entry.platform is None and is_annotated_sentinel(entry)
            ]
            return without[0] if without else None

    return consumer(First)


@mutant("SENT-SELECT-010")
def gzip_preference_rules_out_sentinels() -> Toolkit:
    class NoSentinel(_Selects):
        def picked(self, index: Index) -> int | None:
            return self.by(index, Policy.ZSTD) if self._options.prefer_gzip else None

    return consumer(NoSentinel)
