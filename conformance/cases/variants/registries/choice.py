"""A registry that differs from the embedded one by one function."""

from collections.abc import Callable

from conformance.registry.server.core import RegistryCore
from conformance.registry.server.deviations import Defect
from conformance.registry.server.serving import Call, Reply


class Choice(Defect):
    """A choice that is one function on the request, or one on the response."""

    def __init__(
        self,
        *,
        before: Callable[[Call, RegistryCore], Reply | None] | None = None,
        after: Callable[[Call, Reply], Reply] | None = None,
    ) -> None:
        self._before, self._after = before, after

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        return self._before(call, core) if self._before is not None else None

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:  # noqa: ARG002
        return self._after(call, reply) if self._after is not None else reply
