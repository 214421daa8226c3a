"""Requests that ask for memory or time without end, as pieces of bytes, with the status that each must get."""

import gzip
import zlib

MIB = 1 << 20
CAP = 8 * MIB


class Case:
    """`pieces` is what is sent; `budget` what the server may take for it, besides 1 MiB."""

    def __init__(self, name, status, pieces, budget=0):
        self.name, self.status, self.pieces, self.budget = name, status, pieces, budget


def head(*fields, line="POST /v1/rewards HTTP/1.1"):
    return "\r\n".join([line, "Host: l", "Content-Type: application/json", *fields, "", ""]).encode()


def whole(text, *fields, line="POST /v1/rewards HTTP/1.1"):
    """A body with a length."""
    return [head(f"Content-Length: {len(text)}", *fields, line=line), text]


def many(first, piece, count):
    """A first part, then the same `count` times, a thousand of it at once."""
    yield first
    for _ in range(count // 1000):
        yield piece * 1000
    yield piece * (count % 1000)


def bomb(mebibytes):
    """A body of gzip in chunks, without an end: so many MiB of blanks."""
    yield head("Content-Encoding: gzip", "Transfer-Encoding: chunked")
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    # After a full flush a piece stands on none before it: it may come as often as one likes.
    first = packer.compress(b" " * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(b" " * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    yield b"%x\r\n%s\r\n" % (len(first), first)
    for _ in range(mebibytes - 1):
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def packed(text):
    return whole(text, "Content-Encoding: gzip")


def framing():
    """Refused in the head, or by the lines between chunks: no body is held."""
    chunked = head("Transfer-Encoding: chunked")
    billion = head("Content-Length: 1000000000")
    return [
        Case("1,000,000 chunks of a byte", 413, many(chunked, b"1\r\n \r\n", 1_000_000)),
        Case("500,000 headers", 431, many(b"GET / HTTP/1.1\r\nHost: l\r\n", b"a: b\r\n", 500_000)),
        Case("a header of 64 KiB", 431, [head("X-A: " + "a" * 65_536)]),
        Case("500,000 trailers", 431, many(chunked + b"0\r\n", b"a: b\r\n", 500_000)),
        Case("500,000 empty lines", 400, many(b"", b"\r\n", 500_000)),
        Case("a request line of 8,192 bytes", 404, [head("Connection: close", line=f"GET /{'a' * 8_178} HTTP/1.1")]),
        Case("a request line of 8,193 bytes", 414, [head(line=f"GET /{'a' * 8_179} HTTP/1.1")]),
        Case("a request line without end", 414, many(b"GET /", b"a", 1_000_000)),
        Case("a length of 10^9, nothing sent", 413, [billion]),
        Case("a length of 10^9, all sent", 413, many(billion, b" " * 1000, 1_000_000)),
        Case("a length of 10^9, held back", 413, [head("Content-Length: 1000000000", "Expect: 100-continue")]),
        Case("a length of 10^20", 400, [head("Content-Length: 100000000000000000000")]),
        Case("a chunk of 10^9", 413, many(chunked + b"3b9aca00\r\n", b" " * 1000, 1_000_000)),
        Case("a chunk of 2^64", 400, [chunked + b"10000000000000000\r\n"]),
        Case("a chunk's extension of 64 KiB", 400, [chunked + b"1;" + b"a" * 65_536]),
        Case("100,000 chunk extensions", 400, many(chunked, b"1;a\r\n \r\n", 100_000)),
    ]


def codings():
    """Bombs, and gzip that is none."""
    good = gzip.compress(b'{"rollouts":[]}')
    blank = gzip.compress(b" " * MIB)
    return [
        Case("gzip of 2 MiB", 400, packed(gzip.compress(b" " * 2 * MIB)), 2 * MIB),
        Case("gzip of the cap", 400, packed(gzip.compress(b" " * CAP)), CAP),
        Case("gzip of the cap and a byte", 413, packed(gzip.compress(b" " * (CAP + 1))), CAP),
        Case("gzip of 2 GiB", 413, bomb(2048), CAP),
        Case("gzip of 2,048 members", 413, packed(blank * 2048), CAP),
        Case("gzip of gzip", 400, packed(gzip.compress(gzip.compress(b" " * 64 * MIB)))),
        Case("gzip, twice said", 415, whole(gzip.compress(blank), "Content-Encoding: gzip, gzip")),
        Case("another coding", 415, whole(zlib.compress(b" " * MIB), "Content-Encoding: deflate")),
        Case("gzip cut off", 400, packed(good[:-1])),
        Case("gzip and a byte", 400, packed(good + b"\0")),
        Case("gzip with a wrong sum", 400, packed(good[:-8] + bytes([good[-8] ^ 1]) + good[-7:])),
        Case("gzip with a wrong length", 400, packed(good[:-1] + bytes([good[-1] ^ 1]))),
        Case("no gzip", 400, packed(b" " * CAP)),
    ]


def filled(first, piece, last):
    """Within the cap, as often as it goes."""
    return whole(first + piece * ((CAP - len(first) - len(last)) // len(piece)) + last)


def texts():
    """Bodies of the largest size that are refused where they stand."""
    return [
        Case("depth 250,000", 400, whole(b"[" * 250_000), 250_000),
        Case("8 MiB of [", 400, filled(b"", b"[", b""), CAP),
        Case('8 MiB of {"a":', 400, filled(b"", b'{"a":', b""), CAP),
        Case("8 MiB of blanks", 400, filled(b"", b" ", b""), CAP),
        Case("8 MiB and a byte", 413, whole(b" " * (CAP + 1)), CAP),
        Case("8 MiB of digits", 400, filled(b"[", b"1", b"]"), 2 * CAP),
    ]


# What a tree of JSON may take, whatever the body (JSONLimits), and a text of the largest size while it is tokenised, which
# is done one a processor at a time.
TREE, TEXT = 56 * MIB, 40 * CAP


def trees():
    """Bodies that are well formed and of which each byte means much: what they unfold to is bounded too."""
    opening, prompted = b'{"rollouts":[', b'{"rollouts":[{"prompt":"p","steps":['
    tiny, numbers = b'{"prompt":"","steps":[""]},', b'{"rollouts":[{"token_ids":['
    return [
        Case("8 MiB of ones", 413, filled(b"[", b"1,", b"1]"), TREE),
        Case("8 MiB of arrays of one", 413, filled(b"[", b"[1],", b"1]"), TREE),
        Case("8 MiB of arrays 60 deep", 413, filled(b"[", b"[" * 60 + b"]" * 60 + b",", b"1]"), TREE),
        Case("8 MiB of objects of one", 413, filled(b"[", b'{"":1},', b"1]"), TREE),
        Case("8 MiB of empty objects", 413, filled(b"[", b"{},", b"1]"), TREE),
        Case("500,000 keys", 400, whole(b"{" + b",".join(b'"%d":1' % n for n in range(500_000)) + b"}"), TREE),
        Case("1,000,000 steps", 422, whole(prompted + b'"a",' * 999_999 + b'"a"]}]}'), TEXT),
        Case("2,000,000 steps", 413, whole(prompted + b'"a",' * 1_999_999 + b'"a"]}]}'), TREE),
        Case("8 MiB of tiny rollouts", 413, filled(opening, tiny, b"{}]}"), TREE),
        Case("1,000,000 tiny rollouts", 413, whole(opening + tiny * 1_000_000 + b"{}]}"), CAP),
        Case("1,000,000 ids", 422, whole(numbers + b"1," * 1_000_000 + b'1],"read_positions":[1]}]}'), TREE),
        Case("a prompt of 8 MiB", 422, filled(opening + b'{"prompt":"', b"x", b'","steps":["s"]}]}'), TEXT),
        Case("a step of escapes", 422, filled(opening + b'{"prompt":"","steps":["', b"\\u0061", b'"]}]}'), TEXT),
        Case("a key of 8 MiB", 400, filled(b'{"', b"k", b'":1}'), TEXT),
        Case("a number of 4,000 digits", 400, whole(opening + b"1" * 4000 + b"]}"), MIB),
    ]


# What a program of so many numbers may take while it runs and is written: 16 bytes each in a few operators, then their text.
NUMBERS = 192 * MIB


def credit(rollouts, trace=False):
    program = (b'"program":[{"op":"read","of":"outcome"},{"op":"tokens"},{"op":"map","by":"affine","a":2},'
               b'{"op":"map","by":"sigmoid"},{"op":"map","by":"exp"}]')
    body = b'{"rollouts":[' + b",".join(rollouts) + b'],"trace":' + (b"true," if trace else b"false,") + program + b"}"
    return whole(body, line="POST /v1/credit HTTP/1.1")


def lone(tokens):
    """A rollout of which nothing is said but its outcome and how many tokens it has."""
    return b'{"outcome":1,"token_count":%d}' % tokens


# The longest answer that a few bytes may ask for.
LONGEST = whole(b'{"program":[{"op":"read","of":"rewards"},{"op":"tokens"}],'
                b'"rollouts":[{"rewards":[0.5],"token_spans":[[0,4194304]]}]}', line="POST /v1/credit HTTP/1.1")


def programs():
    """A few bytes that ask for many numbers."""
    return [
        Case("a trace of 4,194,302 tokens", 400, credit([lone(4_194_302)], trace=True)),
        Case("9 rollouts of 131,072 tokens", 400, credit([lone(131_072)] * 9)),
        Case("a trace of 8 rollouts of 131,072 tokens", 422, credit([lone(131_072)] * 8, trace=True)),
        Case("a trace of 131,072 tokens", 200, credit([lone(131_072)], trace=True), NUMBERS),
        Case("8 rollouts of 131,072 tokens", 200, credit([lone(131_072)] * 8), NUMBERS),
        Case("4,194,304 tokens", 200, LONGEST, NUMBERS),
    ]
