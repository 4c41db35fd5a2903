"""Errors of the reference: one line each, for standard error."""


class RefusalError(Exception):
    """The request is refused, with the reason: exit status 3."""


class NotSupportedError(Exception):
    """The program does not support the request: exit status 4."""


class NoRangesError(RefusalError):
    """The source does not serve byte ranges, so that a pull by TOC is impossible."""
