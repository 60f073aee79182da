"""What the server must not fall for: every hostile body is refused, in one sentence."""

from __future__ import annotations

import io
import json
import socket
import struct
import zlib
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from inkgrad.drawing import MAX_LENGTH
from inkgrad.web import asking
from inkgrad.web.asking import MAX_BODY, MAX_POINTS, MAX_STROKES
from tests.web.drawings import HOSTILE
from tests.web.servers import serving, write_model

STROKES = [[[0, 255], [0, 255]]]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with serving(write_model(tmp_path_factory.mktemp("models"))) as address:
        yield address


def chunk(kind, content):
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def png(width, height, content=b"", *more):
    """Return a PNG by hand, which need not be as large as it says."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pieces = [chunk(b"IHDR", header), *more, chunk(b"IDAT", content), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(pieces)


def picture(kind="PNG", size=(60, 60), colour="white"):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


def strokes_as(text):
    return b'{"strokes": ' + (text if isinstance(text, bytes) else text.encode()) + b"}"


BOMB = zlib.compress(bytes(3001 * 3000), 9)
TEXT_BOMB = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(100_000_000), 9))
SCRIBBLE = [[[0, 255] * 2500, [(37 * n) % 256 for n in range(5000)]]]

# name: (status, a part of the sentence, body)
BODIES = {
    "nothing": (400, "the body is empty", b""),
    "blanks": (400, "not valid JSON", b"  \n "),
    "no JSON": (400, "not valid JSON", b"strokes=1"),
    "half of it": (400, "not valid JSON", b'{"strokes": [[[0, 1], [0'),
    "two values": (400, "Extra data", strokes_as("[]") * 2),
    "a comment": (400, "not valid JSON", b'{"strokes": [] /* none */}'),
    "NaN": (400, "NaN is not a number", strokes_as("[[[0, NaN], [0, 1]]]")),
    "Infinity": (400, "Infinity is not a number", strokes_as("[[[0, 1], [0, Infinity]]]")),
    "-Infinity": (400, "-Infinity is not a number", strokes_as("[[[0, 1], [0, -Infinity]]]")),
    "NaN elsewhere": (400, "NaN is not a number", b'{"strokes": [[[0], [0]]], "top": NaN}'),
    "1e400": (400, "a number is beyond 1.8e308", strokes_as("[[[0, 1e400], [0, 1]]]")),
    "-1e400": (400, "a number is beyond 1.8e308", strokes_as("[[[0, 1], [0, -1e400]]]")),
    "1e308": (422, "a coordinate is 1e+308", strokes_as("[[[0, 1e308], [0, 1]]]")),
    "30 digits": (422, "stroke 1 is not", strokes_as(f"[[[0, {10**30}], [0, 1]]]")),
    "300 digits": (400, "100 digits or more", strokes_as(f"[[[0, {'9' * 300}], [0, 1]]]")),
    "5,000 digits": (400, "100 digits or more", strokes_as(f"[[[0, {'9' * 5000}], [0, 1]]]")),
    "a 00": (400, "not valid JSON", strokes_as("[[[00], [0]]]")),
    "100,000 levels": (400, "nested too deeply", strokes_as("[" * 100_000)),
    "100,000 levels, closed": (
        *(400, "nested too deeply"),
        strokes_as("[" * 100_000 + "]" * 100_000),
    ),
    "100,000 objects": (400, "nested too deeply", b'{"a":' * 100_000),
    "a key twice": (400, "twice", b'{"strokes": [[[0], [0]]], "strokes": []}'),
    "a key twice within": (400, "twice", strokes_as('[{"x": 1, "x": 2}]')),
    "Latin-1": (400, "not UTF-8: byte 15", strokes_as(b'["\xe9"]')),
    "half a letter": (400, "not UTF-8", strokes_as(b'["\xe2\x82"]')),
    "a surrogate in UTF-8": (400, "not UTF-8", b'{"\xed\xa0\x80": 1}'),
    "UTF-16": (400, "not UTF-8", strokes_as(json.dumps(STROKES)).decode().encode("utf-16")),
    "UTF-16 without a mark": (400, "not valid JSON", strokes_as("[]").decode().encode("utf-16-le")),
    "a mark before it": (400, "not valid JSON", b"\xef\xbb\xbf" + strokes_as("[[[0], [0]]]")),
    "a zero byte": (400, "not valid JSON", b"\0"),
    "a zero byte in a text": (400, "not valid JSON", b'{"strokes": "\0"}'),
    "half a surrogate": (422, "there is no field", b'{"\\ud800": 1}'),
    "null": (422, "not a JSON object", b"null"),
    "a number": (422, "not a JSON object", b"7"),
    "a text": (422, "not a JSON object", b'"strokes"'),
    "a bare list": (422, "not a JSON object", json.dumps(STROKES).encode()),
    "an empty object": (422, "there are no strokes", b"{}"),
    "another field": (422, 'no field "stroke"', b'{"stroke": [[[0], [0]]]}'),
    "a long field": (422, "there is no field", json.dumps({"a" * 10_000: 1}).encode()),
    "a script": (422, "there is no field", b'{"<script>alert(1)</script>": 1}'),
    "__proto__": (422, "there is no field", b'{"__proto__": {}, "strokes": [[[0], [0]]]}'),
    "booleans": (422, "boolean", strokes_as("[[[true, 1], [0, 1]]]")),
    "booleans in times": (422, "boolean", strokes_as("[[[0, 1], [0, 1], [false, 1]]]")),
    "too many strokes": (
        *(422, "1,001 strokes; at most 1,000"),
        strokes_as(json.dumps([[[n], [n]] for n in range(MAX_STROKES + 1)])),
    ),
    "too many points": (
        *(422, "10,001 points; at most 10,000"),
        strokes_as(json.dumps([[[1] * (MAX_POINTS + 1)] * 2])),
    ),
    "a scribble": (422, f"{MAX_LENGTH} times as long", strokes_as(json.dumps(SCRIBBLE))),
    "half a million rows": (422, "stroke 1 is not", strokes_as("[[" + "[]," * 300_000 + "[]]]")),
    "too many letters": (413, "too large", strokes_as(" " * MAX_BODY["application/json"])),
}
TOPS = [0, -1, 1001, 10**30, 2.0, 1.5, True, "3", None, [3], {"n": 3}]
MODELS = [7, None, ["zoo"], "nobody", "../zoo", "", "\ud800", "x" * 10_000, "zoo.safetensors"]
for n, value in enumerate(TOPS):
    sentence = "top is "
    BODIES[f"top {n}"] = (422, "top is ", json.dumps({"strokes": STROKES, "top": value}).encode())
for n, value in enumerate(MODELS):
    sentence = "there is no model" if isinstance(value, str) else "model is "
    BODIES[f"model {n}"] = (
        *(422, sentence),
        json.dumps({"strokes": STROKES, "model": value}).encode(),
    )
OTHER_FORMS = (  # refused as rows, and read as what they are
    *("object", "strokes of objects", "four rows", "one stroke, not a list"),
    "points instead of rows",
)
for name, value in HOSTILE.items():
    if name in OTHER_FORMS:
        continue
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):  # arrays; what is not finite stands above
        continue
    BODIES[f"strokes: {name}"] = (422, "", strokes_as(text))

GOOD = picture()
PICTURES = {
    "nothing": (400, "the body is empty", b""),
    "a text": (422, "not a PNG", b"cat"),
    "JSON": (422, "not a PNG", strokes_as(json.dumps(STROKES))),
    "JPEG": (422, "not a PNG", picture("JPEG")),
    "GIF": (422, "not a PNG", picture("GIF")),
    "SVG": (422, "not a PNG", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
    "the beginning": (422, "not a PNG", GOOD[:8]),
    "half of the header": (422, "not a PNG", GOOD[:20]),
    "another first chunk": (422, "not a PNG", GOOD.replace(b"IHDR", b"IDAT")),
    "the header alone": (422, "this is not a picture", GOOD[:33]),
    "cut off": (422, "cannot be read", GOOD[: len(GOOD) // 2]),
    "wrong sums": (422, "this is not a picture", png(60, 60, b"")[:29] + b"abcd" + GOOD[33:]),
    "garbage inside": (422, "cannot be read", png(60, 60, b"garbage")),
    "no pixels": (422, "", png(0, 0, zlib.compress(b""))),
    "too few pixels": (422, "", png(60, 60, zlib.compress(bytes(100)))),
    "wider than it may be": (422, "pixels; at most 10,000,000", png(2**31 - 1, 1)),
    "gigantic": (422, "pixels; at most 10,000,000", png(2**31 - 1, 2**31 - 1)),
    "beyond the format": (422, "pixels; at most 10,000,000", png(2**32 - 1, 2**32 - 1)),
    "100,000 × 100,000": (422, "pixels; at most 10,000,000", png(10**5, 10**5)),
    "a bomb": (422, "the picture is blank", png(3000, 3000, BOMB)),
    "a bomb of text": (422, "cannot be read", png(60, 60, zlib.compress(bytes(3660)), TEXT_BOMB)),
    "blank": (422, "the picture is blank", GOOD),
    "too many bytes": (413, "too large", GOOD + bytes(MAX_BODY["image/png"])),
}
KINDS = {
    "none": None,
    "text": "text/plain",
    "a form": "application/x-www-form-urlencoded",
    "a form of parts": "multipart/form-data; boundary=x",
    "JPEG": "image/jpeg",
    "SVG": "image/svg+xml",
    "JSON of a kind": "application/ld+json",
    "nonsense": "\x7f;;=,",
    "Latin-1": "application/json; charset=latin-1",
    "UTF-16": "application/json; charset=utf-16",
    "endless": "a" * 5000,
}


def check(answer, status, part):
    """See that an answer is a refusal: its status, and one sentence."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert list(told) == ["error"]
    assert part in told["error"]
    assert 10 < len(told["error"]) < 250
    assert "\n" not in told["error"]
    assert "Traceback" not in told["error"]


def post(address, body, kind):
    headers = {} if kind is None else {"Content-Type": kind}
    return httpx.post(f"{address}/api/predict", content=body, headers=headers, timeout=60)


def test_there_are_enough_of_them():
    assert len(BODIES) + len(PICTURES) + len(KINDS) > 100


@pytest.mark.parametrize("name", OTHER_FORMS)
def test_other_forms_of_strokes(address, name):
    body = json.dumps({"strokes": HOSTILE[name]}).encode()
    assert post(address, body, "application/json").status_code == 200


@pytest.mark.parametrize("name", BODIES)
def test_hostile_json(address, name):
    status, part, body = BODIES[name]
    check(post(address, body, "application/json"), status, part)


@pytest.mark.parametrize("name", PICTURES)
def test_hostile_pictures(address, name):
    status, part, body = PICTURES[name]
    check(post(address, body, "image/png"), status, part)


@pytest.mark.parametrize("name", KINDS)
def test_other_content_types(address, name):
    check(post(address, strokes_as(json.dumps(STROKES)), KINDS[name]), 415, "")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_nothing_is_unpacked(address, encoding):
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    body = zlib.compress(b"{}")
    answer = httpx.post(f"{address}/api/predict", content=body, headers=headers)
    check(answer, 415, "uncompressed")


def test_the_server_is_well_after_all_that(address):
    assert post(address, strokes_as(json.dumps(STROKES)), "application/json").status_code == 200


# --- bodies in pieces, from those who do not keep to the rules --------------------------------


def talk(address, *pieces):
    """Send bytes as they are; return status and sentence of the answer, and whether it closes."""
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        sent = 0
        try:
            for piece in pieces:
                connection.sendall(piece)
                sent += len(piece)
        except OSError:  # it has heard enough
            pass
        received = b""
        try:
            while block := connection.recv(65536):
                received += block
        except ConnectionError:
            pass
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"], sent


def head(*lines):
    first = "POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return (first + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode()


def test_a_long_body_is_refused_by_its_own_word_before_it_comes(address):
    status, sentence, _ = talk(address, head("Content-Length: 99999999999", "Connection: close"))
    assert (status, sentence) == (413, "the body is too large; at most 1,048,576 bytes are read")


def test_a_body_in_chunks_is_read_no_further_than_the_limit(address):
    one = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    pieces = [head("Transfer-Encoding: chunked"), *([one] * 2000)]  # 125 MiB, if it were read
    status, sentence, sent = talk(address, *pieces)
    assert (status, sentence) == (413, "the body is too large; at most 1,048,576 bytes are read")
    assert sent < 32 << 20


def test_a_good_body_in_chunks_is_fine(address):
    body = strokes_as(json.dumps(STROKES))

    def letters():
        for n in range(len(body)):
            yield body[n : n + 1]

    assert post(address, letters(), "application/json").status_code == 200


def test_a_body_that_does_not_come_is_not_waited_for(address, monkeypatch):
    monkeypatch.setattr(asking, "_PATIENCE", 0.2)
    status, sentence, _ = talk(address, head("Content-Length: 5"), b"{")
    assert (status, sentence) == (408, "the body did not come within 0 seconds")


def test_who_hangs_up_does_no_harm(address):
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        connection.sendall(head("Content-Length: 100") + b"{")
    assert httpx.get(f"{address}/healthz").status_code == 200
