"""Places: folders and addresses that the user may name."""

from __future__ import annotations

from pathlib import Path

import pytest

from inkgrad.errors import DataError
from inkgrad.quickdraw.places import BucketFolder, Mirror, OwnFiles, OwnFolder, find_place


@pytest.fixture
def bucket_folder(tmp_path: Path) -> Path:
    (tmp_path / "simplified").mkdir()
    (tmp_path / "simplified" / "alarm clock.ndjson").write_text("{}")
    return tmp_path


def test_nothing_is_named() -> None:
    assert find_place() is None


def test_the_environment_names_a_place(
    bucket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INKGRAD_DATA", str(bucket_folder))
    assert find_place() == BucketFolder(bucket_folder)
    assert find_place("http://localhost/x/") == Mirror("http://localhost/x")
    monkeypatch.setenv("INKGRAD_DATA", "")
    assert find_place() is None


def test_a_folder_by_path_by_address_and_by_home(
    bucket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaced = bucket_folder / "with spaces"
    (spaced / "numpy_bitmap").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(bucket_folder))
    expected = BucketFolder(spaced)
    assert find_place(spaced) == expected
    assert find_place(spaced.as_uri()) == expected
    assert find_place("~/with spaces") == expected


def test_a_home_that_nobody_has_is_a_name_like_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"~no-such-user/drawings does not exist; name a folder"):
        find_place("~no-such-user/drawings")
    (tmp_path / "~no-such-user" / "drawings" / "numpy_bitmap").mkdir(parents=True)
    assert find_place("~no-such-user/drawings") == BucketFolder(Path("~no-such-user/drawings"))


def test_what_a_bucket_folder_has(bucket_folder: Path) -> None:
    place = BucketFolder(bucket_folder)
    assert place.has("alarm clock")
    assert not place.has("cat")
    assert str(place) == f"the folder {bucket_folder}"


def test_own_drawings(tmp_path: Path) -> None:
    for name in ("my dog", "a cat", ".git", "__pycache__"):
        (tmp_path / name).mkdir()
    place = find_place(tmp_path)
    assert isinstance(place, OwnFolder)
    assert place.classes() == ("a cat", "my dog")
    assert place.has("my dog")
    assert not place.has("dog")
    assert str(place) == f"the folder of drawings {tmp_path}"


def test_files_of_drawings(tmp_path: Path) -> None:
    for name, word in (("b.ndjson", "cat"), ("a.ndjson", "dog"), (".c.ndjson", "owl")):
        (tmp_path / name).write_text(f'{{"word": "{word}", "drawing": [[[0], [0]]]}}')
    (tmp_path / "notes.txt").write_text("")
    file = find_place(tmp_path / "b.ndjson")
    assert file == OwnFiles(tmp_path / "b.ndjson")
    assert isinstance(file, OwnFiles)
    assert (file.classes(), file.has("cat"), file.has("dog")) == (("cat",), True, False)
    assert str(file) == f"the file of drawings {tmp_path / 'b.ndjson'}"
    folder = find_place(tmp_path)
    assert isinstance(folder, OwnFiles)
    assert [path.name for path in folder.files] == ["a.ndjson", "b.ndjson"]
    assert folder.classes() == ("cat", "dog")
    assert str(folder) == f"the files of drawings in {tmp_path}"
    (tmp_path / "owl").mkdir()
    assert isinstance(find_place(tmp_path), OwnFolder)


def test_a_mirror_keeps_its_password_to_itself() -> None:
    place = find_place("https://me:secret@example.org/full/")
    assert str(place) == "the mirror https://example.org/full"
    assert isinstance(place, Mirror)
    assert not place.has("cat")


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("", "the place of the drawings is empty"),
        ("s3://bucket/full", "an address of an unknown kind; give a path, or an address that"),
        ("missing", r"missing does not exist; name a folder"),
        ("file.npy", r"file\.npy is a file; name a folder"),
        ("empty", r"holds no drawings; expected numpy_bitmap/CLASS\.npy"),
        ("file:///nowhere/at/all", "at.all does not exist"),
    ],
)
def test_places_that_are_none(
    name: str, match: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.npy").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=match):
        find_place(name)


@pytest.mark.parametrize(
    "address", ["http://[::1", "file://[/x", "https://host:port/", "http://a:-1"]
)
def test_what_only_begins_like_an_address_is_refused(address):
    with pytest.raises(DataError, match=r"is not an address .*; check it, or give the path"):
        find_place(address)
