"""Small archives for the panel."""

import io
import tarfile

CONTENT = b"hello\n"


def member(name: str, kind: bytes = tarfile.REGTYPE, **fields: object) -> tarfile.TarInfo:
    """A member with these fields."""
    made = tarfile.TarInfo(name)
    made.type = kind
    for key, value in fields.items():
        setattr(made, key, value)
    return made


def archive(*members: tarfile.TarInfo, form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar; a member with a size has that much of CONTENT, over and over."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=form) as made:
        for one in members:
            made.addfile(one, io.BytesIO((CONTENT * (one.size // len(CONTENT) + 1))[: one.size]))
    return target.getvalue()


def ordinary(form: int = tarfile.PAX_FORMAT) -> bytes:
    """Every type that an image has, a long name, a long link and big ids."""
    return archive(
        member("./", tarfile.DIRTYPE, mode=0o755),
        member("etc", tarfile.DIRTYPE, mode=0o1777, uid=1000, gid=1001),
        member("etc/file", size=6, mode=0o4755, uid=7, gid=8, mtime=1_700_000_000),
        member("etc/empty"),
        member("etc/" + "n" * 120, size=1000, mtime=1_700_000_000),
        member("etc/soft", tarfile.SYMTYPE, linkname="../" + "t" * 120, mode=0o777),
        member("etc/hard", tarfile.LNKTYPE, linkname="etc/file", mode=0o4755),
        member("pipe", tarfile.FIFOTYPE, mode=0o600),
        member("null", tarfile.CHRTYPE, mode=0o666, devmajor=1, devminor=3),
        member("caf\u00e9", size=513, uid=70_000, gid=2**21),
        form=form,
    )


def extended_before_gnu_name() -> bytes:
    """A PAX path, then a GNU long name, then the file: readers differ on which of the two names counts."""
    plain = archive(member("header", size=6), form=tarfile.USTAR_FORMAT)
    pax = archive(member("p" * 120, size=6))[: 3 * 512]
    gnu = archive(member("g" * 120, size=6), form=tarfile.GNU_FORMAT)[: 2 * 512]
    return pax[:1024] + gnu + plain
