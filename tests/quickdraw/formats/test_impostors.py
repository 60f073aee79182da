"""Web pages and Git LFS pointers in place of data: named, whatever the suffix says."""

from __future__ import annotations

import pytest

from inkgrad.errors import DataError, ModelError
from inkgrad.model import load
from inkgrad.quickdraw.formats import SUFFIXES, read_bitmaps
from inkgrad.quickdraw.formats.impostors import refuse_impostor

PAGE = "<html><body>Please sign in</body></html>"
PAGES = [
    PAGE,
    f"<!DOCTYPE HTML>\n{PAGE}",
    f'\ufeff \n<!doctype html PUBLIC "-//W3C//DTD">{PAGE}',
    f"<?xml version='1.0'?>\n<!-- a --> <!-- b -->{PAGE.upper()}",
]
OTHERS = [
    "",
    '{"drawing": []}',
    '<svg xmlns="http://www.w3.org/2000/svg"><!-- <html> --></svg>',
    "<!DOCTYPE svg><svg/>",
    "<htmlish/>",
    "drawing,word\n",
    "<!-- -->" * 250,
]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_whatever_the_suffix_says(tmp_path, suffix):
    path = tmp_path / f"cat{suffix}"
    path.write_text(PAGES[1])
    with pytest.raises(
        DataError, match=rf"cat\{suffix} is a web page \(HTML\), not drawings; fetch"
    ):
        read_bitmaps(path)
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n")
    with pytest.raises(DataError, match=rf"cat\{suffix} is a Git LFS pointer, .* git lfs pull"):
        read_bitmaps(path)


@pytest.mark.parametrize("text", PAGES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_pages_of_every_kind(tmp_path, text, encoding):
    path = tmp_path / "cat.npy"
    path.write_bytes(text.encode(encoding))
    with pytest.raises(DataError, match="is a web page"):
        refuse_impostor(path)


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_no_page_is_left_to_its_reader(tmp_path, text):
    path = tmp_path / "cat.npy"
    path.write_text(text)
    refuse_impostor(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PAGE, r"is a web page \(HTML\), not a model; fetch the file itself"),
        (
            "version https://git-lfs.github.com/spec/v1\n",
            r"is a Git LFS pointer, not a model; fetch",
        ),
        ("something else", "is not a readable safetensors file"),
    ],
)
def test_models_too(tmp_path, text, message):
    path = tmp_path / "zoo.safetensors"
    path.write_text(text)
    with pytest.raises(ModelError, match=rf"zoo\.safetensors {message}"):
        load(path)
