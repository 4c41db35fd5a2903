"""Evidence of a finding: bytes, an HTTP exchange, a command, a remark.

Exchanges are recorded by the client and by the embedded registry alike; secrets are masked before
anything is retained (docs/architecture.md, safety rules).
"""

import re
import shlex
from hashlib import sha256
from typing import Final

import msgspec

from conformance.observed.masking import MASK, SECRETS

SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-registry-auth"})
# Signed URLs of object stores carry their credential in the query.
_SECRET_QUERY = re.compile(
    r"(?i)([?&](?:x-amz-(?:signature|credential|security-token)|signature|sig|token|access_token|password|key-pair-id"
    r"|policy|x-goog-signature|x-goog-credential)=)[^&#\s]+"
)
_USERINFO = re.compile(r"(?i)(https?://)[^/@\s]+@")
MAX_BODY_KEPT: Final = 2048
MAX_REQUEST_KEPT: Final = 2**16

Headers = tuple[tuple[str, str], ...]


def mask_url(url: str) -> str:
    """The URL without user name, password and signatures."""
    return SECRETS.mask(_SECRET_QUERY.sub(rf"\1{MASK}", _USERINFO.sub(rf"\1{MASK}@", url)))


def mask_headers(headers: Headers) -> Headers:
    """The headers with every secret value replaced, the scheme of Authorization kept."""
    # aiohttp's names are a subclass of str.
    return tuple((SECRETS.mask(str(name)), _mask_value(name, value)) for name, value in headers)


def _mask_value(name: str, value: str) -> str:
    if name.lower() not in SECRET_HEADERS:
        return mask_url(value)
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {MASK}" if space and scheme in ("Basic", "Bearer") else MASK


class Exchange(msgspec.Struct, frozen=True, tag="http", tag_field="kind"):
    """One HTTP request and its response. Sizes in bytes, times in seconds, responses cut at MAX_BODY_KEPT.

    ``request_body`` is the whole body, where that is at most MAX_REQUEST_KEPT, else empty.
    ``status`` is None when no response came; ``error`` then states why. Build with ``Exchange.record``,
    which masks.
    """

    method: str
    url: str
    request_headers: Headers = ()
    request_size: int = 0
    status: int | None = None
    response_headers: Headers = ()
    response_size: int = 0
    response_start: bytes = b""
    error: str = ""
    elapsed: float = 0.0
    request_body: bytes = b""

    @classmethod
    def record(
        cls,
        method: str,
        url: str,
        *,
        request_headers: Headers = (),
        request_size: int = 0,
        status: int | None = None,
        response_headers: Headers = (),
        response_size: int = 0,
        response_start: bytes = b"",
        error: str = "",
        elapsed: float = 0.0,
        request_body: bytes = b"",
    ) -> "Exchange":
        """An exchange with all secrets masked and the body cut.

        Give more of the body than is retained: a secret may lie across the end.
        """
        return cls(
            method,
            mask_url(url),
            mask_headers(request_headers),
            request_size,
            status,
            mask_headers(response_headers),
            response_size,
            SECRETS.mask_bytes(response_start[: 4 * MAX_BODY_KEPT])[:MAX_BODY_KEPT],
            mask_url(error),
            elapsed,
            SECRETS.mask_bytes(request_body) if len(request_body) <= MAX_REQUEST_KEPT else b"",
        )

    @property
    def body_file(self) -> str:
        """Where a report keeps the body of the request, relative to its directory; "" where there is none."""
        return f"bodies/{sha256(self.request_body).hexdigest()[:16]}" if self.request_body else ""

    def header(self, name: str) -> str | None:
        """A response header by name, whatever its case."""
        return next((value for key, value in self.response_headers if key.lower() == name.lower()), None)

    def request_header(self, name: str) -> str | None:
        """A request header by name, whatever its case."""
        return next((value for key, value in self.request_headers if key.lower() == name.lower()), None)

    def as_curl(self) -> str:
        """The request as a curl command a person can run (secrets stay masked)."""
        skipped = {"host", "content-length", "user-agent", "accept-encoding", "connection"}
        parts = ["curl", "-i"]
        if self.method == "HEAD":
            parts.append("--head")
        elif self.method != "GET":
            parts += ["-X", self.method]
        for name, value in self.request_headers:
            if name.lower() not in skipped:
                parts += ["-H", f"{name}: {value}"]
        if self.request_size:
            # A body that was not retained must be created by the user: FILE is a placeholder.
            parts += ["--data-binary", f"@{self.body_file or 'FILE'}"]
        return shlex.join([*parts, self.url])

    def as_text(self) -> str:
        """The curl command and the status line, for terminals."""
        response = f"HTTP {self.status}" if self.status is not None else f"no response: {self.error}"
        shown = (
            "content-type",
            "content-length",
            "content-range",
            "docker-content-digest",
            "location",
            "accept-ranges",
        )
        headers = "; ".join(f"{name}: {value}" for name, value in self.response_headers if name.lower() in shown)
        return f"{self.as_curl()}\n  -> {response}" + (f" ({headers})" if headers else "")


class BytesEvidence(msgspec.Struct, frozen=True, tag="bytes", tag_field="kind"):
    """Bytes at an absolute ``offset`` of the blob ``of`` (a digest or a name)."""

    of: str
    offset: int
    expected: str
    found: bytes

    def as_text(self) -> str:
        return f"{self.of} at byte {self.offset}: expected {self.expected}, found {self.found[:64].hex(' ')}"


class CommandEvidence(msgspec.Struct, frozen=True, tag="command", tag_field="kind"):
    """A tool that was run: its argument vector, exit status (None: not ended) and output, cut."""

    argv: tuple[str, ...]
    exit_status: int | None
    output: str = ""

    def as_text(self) -> str:
        ended = "did not end" if self.exit_status is None else f"exit {self.exit_status}"
        return f"{shlex.join(self.argv)}\n  -> {ended}" + (
            f": {self.output.strip()[:400]}" if self.output.strip() else ""
        )


class Note(msgspec.Struct, frozen=True, tag="note", tag_field="kind"):
    """A remark, such as the Hypothesis example that reproduces a finding."""

    text: str

    def as_text(self) -> str:
        return self.text


Evidence = Exchange | BytesEvidence | CommandEvidence | Note
