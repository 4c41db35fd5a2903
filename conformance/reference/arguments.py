"""The command line of the entry-point protocol, with the options of this program."""

import argparse
from collections.abc import Sequence
from functools import cache

from conformance.implementations.adapter_document import COMPRESSIONS
from conformance.reference.errors import NotSupportedError

# Options by the operations that support them; any other combination is not supported (exit status 4).
_HONOURED = {
    "push": {"preserve_digests", "no_sentinel", "all", "platform"},
    "store": {"preserve_digests", "no_sentinel", "all"},
    "pull": {"preserve_digests", "all"},
    "copy": {"preserve_digests", "all", "to_docker", "platform"},
    "recompress": {"preserve_digests", "all"},
    "unpack": {"platform", "prefer_gzip", "no_partial"},
    "build": {"platform"},
}
_OPTIONS = ("preserve_digests", "to_docker", "no_sentinel", "all", "platform", "prefer_gzip", "no_partial")


def parse_arguments(arguments: Sequence[str], version: str) -> argparse.Namespace:
    """Read the command line; NotSupportedError for an option that the operation does not support."""
    return _checked(_parser(version).parse_args(arguments))


@cache
def _parser(version: str) -> argparse.ArgumentParser:
    """Made once: where the reference is run within a process, this takes a tenth of the time of a run."""
    parser = argparse.ArgumentParser(
        prog="conformance.reference",
        description="Reference implementation of zstd:chunked with sentinel variants.",
        epilog="Exit status: 0 done, 3 refused (reason on standard error), 4 not supported.",
    )
    parser.add_argument("--version", action="version", version=version)
    operations = parser.add_subparsers(dest="operation", required=True)
    _push(operations.add_parser("push", help="an image of a layout, of tars or of a directory to a registry"))
    pull = operations.add_parser("pull", help="an image of a registry to a new layout, byte for byte")
    pull.add_argument("--layout", required=True)
    copies = (
        ("copy", "registry to registry, byte for byte"),
        ("recompress", "the same, compressed again"),
        ("export", "not supported"),
        ("build", "an image on the one of a registry, with one layer more"),
    )
    for name, text in copies:
        operations.add_parser(name, help=text).add_argument("--destination", required=True)
    operations.choices["build"].add_argument("--directory", help="files of the layer (default: one, named built)")
    unpack = operations.add_parser("unpack", help="the root file system into an empty directory")
    unpack.add_argument("--output", required=True)
    unpack.add_argument("--layout", help="an image in a layout, instead of --reference")
    unpack.add_argument("--store", help="directory for contents that are retained (default: below XDG_DATA_HOME)")
    operations.add_parser("scan", help="not supported")
    for name, text in (("store", "an image of a layout to a new layout"), ("archive", "not supported")):
        stored = operations.add_parser(name, help=text)
        stored.add_argument("--layout", required=True)
        stored.add_argument("--target", required=True)
    for name, sub in operations.choices.items():
        if name not in ("store", "archive"):
            sub.add_argument("--reference", required=name != "unpack")
        _common(sub)
    for name in ("push", "recompress", "store", "archive"):
        operations.choices[name].add_argument("--compression", choices=COMPRESSIONS, default="zstd:chunked")
    return parser


def _push(push: argparse.ArgumentParser) -> None:
    image = push.add_mutually_exclusive_group(required=True)
    image.add_argument("--layout")
    image.add_argument("--tar", action="append", help="a layer, the lowest first; may be repeated")
    image.add_argument("--directory")


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--authfile", help="credential file")
    parser.add_argument("--cafile", help="certificate authority")
    parser.add_argument("--platform", help="os/architecture[/variant]")
    for flag in ("--all", "--preserve-digests", "--to-docker", "--prefer-gzip", "--no-partial", "--no-sentinel"):
        parser.add_argument(flag, action="store_true")


def _checked(given: argparse.Namespace) -> argparse.Namespace:
    if given.operation not in _HONOURED:
        raise NotSupportedError(f"{given.operation} is not supported")
    for option in _OPTIONS:
        if getattr(given, option) and option not in _HONOURED[given.operation]:
            raise NotSupportedError(f"{given.operation} knows no --{option.replace('_', '-')}")
    return given
