"""What trials have in common: registries that end with them, and a positive control that is tried once."""

from abc import ABC, abstractmethod
from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import Self

from conformance.trials.under_test import ImplementationUnderTest


class Trial(ABC):
    """``with`` opens the registries of a trial of ``subject``, and closes them."""

    def __init__(self, subject: ImplementationUnderTest) -> None:
        self.subject = subject
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def control(self) -> str:
        """Why no run of this tool proves anything: an ordinary one fails; "" when it works."""
        return self._problem

    @cached_property
    def _problem(self) -> str:
        return self._control()

    @abstractmethod
    def _open(self) -> None:
        """Start the registries, on the stack."""

    @abstractmethod
    def _control(self) -> str:
        """Carry out the ordinary operation; the problem with it, or ""."""
