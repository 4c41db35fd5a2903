"""User name and password of a run: sandboxes, runners and the registry client pass them on."""

import msgspec


class Credentials(msgspec.Struct, frozen=True):
    """User name and password, or an identity token for the token service. Never shown by repr."""

    username: str = ""
    password: str = ""
    identity_token: str = ""

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r}, …)"

    __str__ = __repr__
