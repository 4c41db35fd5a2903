"""Refusals of the reference: one line each, for standard error."""


class RefusalError(Exception):
    """What was requested is not done, and why: exit status 3."""


class NotSupportedError(Exception):
    """This program cannot do that at all: exit status 4."""


class NoRangesError(RefusalError):
    """The source does not serve byte ranges, so that nothing can be pulled by TOC from it."""
