"""Masking of secrets in everything that is stored or written, by value, in every encoding.

A registry may return a secret in any header or body. So a secret is registered here when it
is read or received, and every exchange, finding, error and line of output passes through ``mask``.
"""

import base64
import html
import json
import re
from collections.abc import Iterator
from typing import Any, Final, TypeVar
from urllib.parse import quote, quote_plus

import msgspec

MASK: Final = "***"
_SHORTEST: Final = 4
"""Characters: a shorter secret is masked only as part of a pair, or everything else would be unreadable."""

T = TypeVar("T")


class Secrets:
    """The secrets of this process; one set, because writers do not know the owner of a secret."""

    def __init__(self) -> None:
        self._forms: dict[str, None] = {}
        self._pattern: re.Pattern[str] | None = None

    def remember(self, *secrets: str) -> None:
        """Passwords and tokens."""
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                self._add(forms_of(secret))

    def remember_credentials(self, username: str, password: str) -> None:
        """A password, and the pair as Basic sends it."""
        self.remember(password)
        if password:
            self._add(forms_of(f"{username}:{password}"))

    def forget(self) -> None:
        """Forget all secrets."""
        self._forms, self._pattern = {}, None

    def mask(self, text: str) -> str:
        """The text without any of the secrets."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def mask_bytes(self, content: bytes) -> bytes:
        """The same of bytes."""
        if self._pattern is None:
            return content
        return self.mask(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def mask_all(self, value: T) -> T:
        """A frozen struct, a tuple, a text or bytes with every text and bytes in it masked."""
        if self._pattern is None:
            return value
        masked: T = self._masked(value)
        return masked

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, bytes):
            return self.mask_bytes(value)
        if isinstance(value, tuple):
            return tuple(self._masked(item) for item in value)
        if isinstance(value, msgspec.Struct):
            changed = {name: self._masked(item) for name, item in msgspec.structs.asdict(value).items()}
            return msgspec.structs.replace(value, **changed)
        return value

    def _add(self, forms: Iterator[str]) -> None:
        before = len(self._forms)
        self._forms |= dict.fromkeys(forms)
        if len(self._forms) > before:
            # The longest first: one form may begin another.
            words = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, words)))


def forms_of(secret: str) -> Iterator[str]:
    """The encodings of a secret: plain, base64, URL, JSON, HTML, and combinations."""
    raw = secret.encode("utf-8", "surrogateescape")
    written = [secret]
    for encoded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
        written += [encoded.decode(), encoded.decode().rstrip("=")]
    for text in dict.fromkeys(written):
        escaped = tuple(
            spell(text, safe=safe, errors="surrogateescape") for spell in (quote, quote_plus) for safe in ("", "/")
        )
        spelt = (text, *escaped, *(_lower_escapes(one) for one in escaped))
        yield from (*spelt, json.dumps(text)[1:-1], html.escape(text), repr(text)[1:-1])
    # Within longer base64 text the secret begins at any of three positions of a group.
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + raw).decode()
        inner = whole[(0, 2, 3)[shift] : -4] if len(raw) > _LONG_ENOUGH else ""
        if inner:
            yield inner


_LONG_ENOUGH: Final = 8


def _lower_escapes(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), text)


SECRETS: Final = Secrets()
