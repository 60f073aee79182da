"""Shelves: which files of which class a path means."""

from __future__ import annotations

from pathlib import Path

import pytest

from inkgrad.errors import DataError
from inkgrad.quickdraw.shelves import Shelf, find_shelves

pytestmark = pytest.mark.usefixtures("surroundings")


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


@pytest.mark.parametrize("name", ["cat.ndjson", "cat.npy", "cat.npz", "cat.bin", "cat.csv"])
def test_a_file_is_called_by_its_class_if_its_words_do_not_say_otherwise(name):
    touch(name)
    assert find_shelves(name) == [Shelf("cat", (Path(name),))]


@pytest.mark.parametrize("name", ["mine.png", "mine.JPEG", "mine.svg"])
def test_a_single_picture_is_of_no_known_class(name):
    touch(name)
    assert find_shelves(name) == [Shelf(None, (Path(name),))]


def test_a_folder_of_files_has_a_shelf_for_each_and_passes_over_all_else():
    touch("all/dog.npy", "all/cat.ndjson", "all/README.md", "all/.hidden.npy", "all/x.png")
    assert find_shelves("all") == [
        Shelf("cat", (Path("all/cat.ndjson"),)),
        Shelf("dog", (Path("all/dog.npy"),)),
        Shelf(None, (Path("all/x.png"),)),
    ]


def test_a_folder_of_ones_own_has_a_shelf_a_subfolder():
    touch("mine/spoon/b.svg", "mine/spoon/a.png", "mine/cup/c.json", "mine/notes.txt", "mine/x.npy")
    touch("mine/.git/config")
    assert find_shelves("mine") == [
        Shelf("cup", (Path("mine/cup/c.json"),), is_certain=True),
        Shelf("spoon", (Path("mine/spoon/a.png"), Path("mine/spoon/b.svg")), is_certain=True),
    ]


def test_of_a_bucket_strokes_are_taken_and_otherwise_bitmaps():
    touch("b/numpy_bitmap/cat.npy", "b/numpy_bitmap/owl.npy", "b/simplified/cat.ndjson")
    touch("b/raw/cat.ndjson", "b/raw/ant.ndjson", "b/binary/bee.bin", "b/raw/.x.ndjson")
    assert [shelf.files[0].as_posix() for shelf in find_shelves("b")] == [
        *("b/raw/ant.ndjson", "b/binary/bee.bin", "b/simplified/cat.ndjson"),
        "b/numpy_bitmap/owl.npy",
    ]
    assert all(shelf.is_certain for shelf in find_shelves("b"))


def test_an_address_of_this_machine_is_a_path(tmp_path):
    touch("all/cat.npy")
    assert find_shelves((Path.cwd() / "all").as_uri())[0].label == "cat"


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("nowhere", "nowhere does not exist; name a file or folder of drawings"),
        ("empty", "empty holds no drawings; expected"),
        ("texts", "texts holds no drawings; expected"),
        ("bucket", "bucket holds no drawings, neither in simplified, nor in raw"),
        ("mine", "cup holds no drawings; put some there, or remove the folder"),
        ("https://me:secret@example.org/q", "the mirror https://example.org/q cannot be leafed"),
        ("ftp://example.org", "an address of an unknown kind"),
    ],
)
def test_mistakes_are_refused(named, message):
    touch("texts/a.txt", "bucket/numpy_bitmap/a.txt")
    for folder in ("empty", "mine/cup"):
        Path(folder).mkdir(parents=True)
    with pytest.raises(DataError, match=message):
        find_shelves(named)
