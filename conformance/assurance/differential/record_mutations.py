"""Edits between headers: extended headers, their records, order, padding, and the end of the archive."""

from random import Random
from typing import Final

from conformance.assurance.differential.draft import BLOCK, Draft, Piece, extended, pax_record
from conformance.assurance.differential.header_mutations import Mutation

_KEYS: Final = (
    b"path",
    b"linkpath",
    b"size",
    b"uid",
    b"gid",
    b"uname",
    b"gname",
    b"mtime",
    b"atime",
    b"ctime",
    b"charset",
    b"hdrcharset",
    b"comment",
    b"SCHILY.xattr.user.a",
    b"SCHILY.xattr.security.capability",
    b"LIBARCHIVE.xattr.user.a",
    b"LIBARCHIVE.creationtime",
    b"LIBARCHIVE.symlinktype",
    b"SCHILY.realsize",
    b"SCHILY.dev",
    b"SCHILY.devmajor",
    b"SCHILY.devminor",
    b"SCHILY.ino",
    b"SCHILY.nlink",
    b"SCHILY.filetype",
    b"SCHILY.acl.access",
    b"SCHILY.fflags",
    b"SUN.devmajor",
    b"SUN.holesdata",
    b"GNU.sparse.major",
    b"GNU.sparse.minor",
    b"GNU.sparse.name",
    b"GNU.sparse.realsize",
    b"GNU.sparse.size",
    b"GNU.sparse.numblocks",
    b"GNU.sparse.map",
    b"GNU.sparse.offset",
    b"GNU.volume.filename",
    b"RHT.security.selinux",
    b"VENDOR.key",
    b"PATH",
    b"Size",
    b"",
    b"path\0",
)
_NUMBERS: Final = (
    *(
        b"0",
        b"1",
        b"6",
        b"512",
        b"1000",
        b"1024",
        b"+1",
        b"-1",
        b" 1",
        b"1 ",
        b"01",
        b"0x10",
        b"1.5",
        b"1e3",
        b"",
        b"x",
    ),
    *(b"18446744073709551616", b"9223372036854775808", b"2097152", b"1\0", b"1_0", b"\xd9\xa1"),
)
_TEXTS: Final = (
    *(
        b"a",
        b"dir/b",
        b"./a",
        b"/a",
        b"../a",
        b"a/",
        b"",
        b"a\0b",
        b"caf\xc3\xa9",
        b"\xff",
        b"a=b",
        b"a\nb",
        b"n" * 150,
    ),
    *(b".", b"/", b"dir/", b"a//b", b"n" * 300, b"BINARY", b"ISO-IR 10646 2000 UTF-8", b"1", b"0"),
)


def add_pax(random: Random, draft: Draft) -> None:
    """Insert an extended header of one to three records before a piece; seldom a global one."""
    content = b"".join(pax_record(*_record(random)) for _ in range(random.choice((1, 1, 1, 2, 3))))
    flag = random.choice((b"x",) * 8 + (b"g", b"X"))
    _insert(random, draft, extended(flag, content, template=_template(random, draft)))


def add_long_name(random: Random, draft: Draft) -> None:
    """Insert a GNU long name or link before a piece."""
    text = random.choice(_TEXTS)
    content = random.choice((text + b"\0", text + b"\0", text, text + b"\0junk", b"\0" + text, text + b"\0\0"))
    form = bytes(257) + b"ustar  \0" + bytes(BLOCK - 265) if random.random() < 0.7 else None
    _insert(random, draft, extended(random.choice((b"L", b"K")), content, b"././@LongLink", form))


def change_records(random: Random, draft: Draft) -> None:
    """Edit the records of an existing extended header."""
    piece = _extension(random, draft, b"xgX")
    if piece is None:
        add_pax(random, draft)
        return
    content = _content(piece)
    record = pax_record(*_record(random))
    length = content.partition(b" ")[0]
    edits = (
        content + record,
        record + content,
        content + content,
        content[:-1],
        content + b"\n",
        content + b"\0" * 8,
        content[:-1] + b"x",
        b"0" + content,
        content.replace(length + b" ", b"%d " % (int(length) + 1 if length.isdigit() else 9), 1),
        content.replace(length + b" ", b"%d " % (max(int(length) - 1, 0) if length.isdigit() else 9), 1),
        content.replace(b"=", b"", 1),
        content.replace(b"=", b"\0=", 1),
        content.replace(b" ", b"\t", 1),
        content.replace(b" ", b"  ", 1),
        b"+" + content,
        b" " + content,
        content.partition(b"=")[0] + b"=\n",
        b"",
        b"1 \n" + content,
        b"4 =\n" + content,
    )
    _refill(piece, random.choice(edits))


def change_payload(random: Random, draft: Draft) -> None:
    """Change a byte of content, records or padding."""
    pieces = [piece for piece in draft.pieces if piece.payload]
    if pieces:
        payload = random.choice(pieces).payload
        position = random.choice((random.randrange(len(payload)), len(payload) - 1, 0))
        payload[position] = random.choice((0, 10, 32, 47, 61, 120, 255, random.randrange(256)))


def resize(random: Random, draft: Draft) -> None:
    """Add or remove blocks after a header, whatever size it states."""
    piece = random.choice(draft.pieces)
    if piece.payload and random.random() < 0.5:
        del piece.payload[-BLOCK:]
    else:
        piece.payload += random.choice((bytes(BLOCK), b"x" * BLOCK, bytes(random.choice(draft.pieces).header)))


def put_inside(random: Random, draft: Draft) -> None:
    """Put a piece into a file whose PAX header has another size: a reader of the other size finds the piece."""
    inner = random.choice(draft.pieces).copy()
    raw = bytes(Draft([inner], bytearray()).build())
    outer = random.choice(draft.pieces)
    outer.payload[:] = raw
    if random.random() < 0.5:
        outer.header[124:136] = b"%011o\0" % len(raw)
    if random.random() < 0.5:
        position = next(index for index, piece in enumerate(draft.pieces) if piece is outer)
        value = b"%d" % random.choice((len(raw), 0, 512))
        draft.pieces.insert(position, extended(b"x", pax_record(b"size", value)))


def reorder(random: Random, draft: Draft) -> None:
    """Repeat, swap, remove, or move pieces to the end."""
    pieces = draft.pieces
    index = random.randrange(len(pieces))
    what = random.randrange(4)
    if what == 0:
        pieces.insert(random.randrange(len(pieces) + 1), pieces[index].copy())
    elif what == 1:
        other = random.randrange(len(pieces))
        pieces[index], pieces[other] = pieces[other], pieces[index]
    elif what == 2 and len(pieces) > 1:
        del pieces[index]
    else:
        pieces.append(pieces.pop(index))


def change_end(random: Random, draft: Draft) -> None:
    """Insert zero blocks between members, remove those at the end, or append bytes."""
    what = random.randrange(5)
    if what == 0:
        draft.end[:] = bytes(BLOCK * random.choice((0, 1, 2, 3, 20)))
    elif what == 1:
        draft.end += random.choice((b"x" * BLOCK, b"x", bytes(100), bytes(BLOCK)))
    elif what == 2:
        draft.end += Draft([random.choice(draft.pieces).copy()], bytearray(1024)).build()
    elif what == 3:
        _insert(random, draft, Piece(bytearray(BLOCK)))
    else:
        whole = draft.build()
        cut = random.choice((len(whole) - 512, len(whole) - 1024, len(whole) - 1025, random.randrange(len(whole) + 1)))
        draft.end[:] = whole[: max(cut, 0)]
        draft.pieces.clear()


def _record(random: Random) -> tuple[bytes, bytes]:
    key = random.choice(_KEYS) if random.random() < 0.5 else random.choice(_KEYS[:7])
    numeric = random.random() < (0.9 if key in (b"size", b"uid", b"gid", b"mtime") else 0.2)
    return key, random.choice(_NUMBERS if numeric else _TEXTS)


def _template(random: Random, draft: Draft) -> bytes | None:
    return bytes(random.choice(draft.pieces).header) if random.random() < 0.2 else None


def _insert(random: Random, draft: Draft, piece: Piece) -> None:
    draft.pieces.insert(random.randrange(len(draft.pieces) + 1), piece)


def _extension(random: Random, draft: Draft, flags: bytes) -> Piece | None:
    found = [piece for piece in draft.pieces if piece.flag in flags]
    return random.choice(found) if found else None


def _content(piece: Piece) -> bytes:
    digits = bytes(piece.header[124:136]).split(b"\0")[0].strip(b" ")
    size = int(digits, 8) if digits and not digits.translate(None, b"01234567") else len(piece.payload)
    return bytes(piece.payload[:size])


def _refill(piece: Piece, content: bytes) -> None:
    piece.header[124:136] = b"%011o\0" % len(content)
    piece.payload[:] = content + bytes(-len(content) % BLOCK)


RECORD_MUTATIONS: Final[tuple[tuple[int, Mutation], ...]] = (
    (6, add_pax),
    (3, add_long_name),
    (4, change_records),
    (2, change_payload),
    (2, resize),
    (2, put_inside),
    (3, reorder),
    (2, change_end),
)
"""With how often each is taken."""
