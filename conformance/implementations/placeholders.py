"""The placeholders in the argument vectors of an adapter, and their replacement, without a shell."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

Vector = tuple[str, ...]

PLACEHOLDERS: Final = {
    "reference": "the image in the registry, host:port/name:tag or host:port/name@digest, without scheme",
    "destination": "where a copy goes, in the same form",
    "host": "the registry of the image, host:port",
    "repository": "the name of the image in its registry, without host, tag and digest",
    "tag": "the tag of the image; empty where it is named by digest",
    "destination_host": "the registry where a copy goes",
    "destination_repository": "the name of the copy in its registry, without host, tag and digest",
    "destination_tag": "the tag of the copy; empty where it is named by digest",
    "destination_digest": "the digest of the copy; empty where it is named by tag",
    "target": "where a store operation writes: a path at which there is nothing yet",
    "layout": "the path of an OCI image layout directory that holds one image",
    "output": "an empty directory for the unpacked root file system",
    "compression": "gzip, zstd, zstd:chunked or uncompressed",
    "platform": "os/architecture or os/architecture/variant",
    "os": "the platform's operating system",
    "architecture": "the platform's architecture",
    "variant": "the platform's variant, may be empty",
    "digest": "the digest that is requested",
    "username": "the user name for the registry of the image; empty where it requires no authentication",
    "password": "the password that goes with it",
    "authfile": "the credential file of the run (the form of containers-auth.json and of Docker's config.json)",
    "cafile": "the file with the certificate authority to trust",
    "home": "the HOME of the run, which is also its current directory",
    "storage": "the directory for the tool's image storage",
    "python": "the Python that runs this suite",
    "stdout": "what the last step that printed something printed, without the line end",
}
SURROUNDINGS: Final = (
    *("home", "storage", "python", "authfile", "username", "password", "host", "destination_host", "stdout"),
)
"""Placeholders for steps before and after an operation; empty where an operation has no such value."""
OPTIONS: Final = "{options}"
"""As a whole argument: replaced by the arguments of the requested options."""

# Only {word} is a placeholder: {{.ID}} of Go templates is not replaced.
_WORD = re.compile(r"(?<!\{)\{([a-z_]+)\}(?!\})")


def words(argument: str) -> Iterator[str]:
    """The placeholders of one argument."""
    return (match[1] for match in _WORD.finditer(argument))


def fill(vector: Sequence[str], values: Mapping[str, str], options: Sequence[str] = ()) -> Vector:
    """The argument vector with every placeholder replaced once; placeholders in values are not replaced.

    ``options`` are already filled. Raise KeyError with the word that has no value.
    """
    filled: list[str] = []
    for argument in vector:
        if argument == OPTIONS:
            filled += options
        else:
            filled.append(_WORD.sub(lambda match: values[match[1]], argument))
    return tuple(filled)
