"""What a path or address names, and which files of which class lie there."""

from __future__ import annotations

from pathlib import Path

import pytest

from inkgrad.errors import DataError
from inkgrad.quickdraw.data_locations import (
    BucketFolder,
    Group,
    Mirror,
    OwnFiles,
    OwnFolder,
    find_data_location,
    find_groups,
)

pytestmark = pytest.mark.usefixtures("surroundings")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine"


@pytest.fixture
def bucket_folder(tmp_path: Path) -> Path:
    (tmp_path / "simplified").mkdir()
    (tmp_path / "simplified" / "alarm clock.ndjson").write_text("{}")
    return tmp_path


def test_nothing_is_named() -> None:
    assert find_data_location() is None


def test_the_environment_names_a_place(
    bucket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INKGRAD_DATA", str(bucket_folder))
    assert find_data_location() == BucketFolder(bucket_folder)
    assert find_data_location("http://localhost/x/") == Mirror("http://localhost/x")
    monkeypatch.setenv("INKGRAD_DATA", "")
    assert find_data_location() is None


def test_a_folder_by_path_by_address_and_by_home(
    bucket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaced = bucket_folder / "with spaces"
    (spaced / "numpy_bitmap").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(bucket_folder))
    expected = BucketFolder(spaced)
    assert find_data_location(spaced) == expected
    assert find_data_location(spaced.as_uri()) == expected
    assert find_data_location("~/with spaces") == expected


def test_a_home_that_nobody_has_is_a_name_like_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"~no-such-user/drawings does not exist; name a folder"):
        find_data_location("~no-such-user/drawings")
    (tmp_path / "~no-such-user" / "drawings" / "numpy_bitmap").mkdir(parents=True)
    assert find_data_location("~no-such-user/drawings") == BucketFolder(
        Path("~no-such-user/drawings")
    )


def test_what_a_bucket_folder_has(bucket_folder: Path) -> None:
    place = BucketFolder(bucket_folder)
    assert place.has("alarm clock")
    assert not place.has("cat")
    assert str(place) == f"the folder {bucket_folder}"


def test_own_drawings(mine: Path) -> None:
    for name in ("my dog", "a cat", ".git", "__pycache__"):
        (mine / name).mkdir()
    place = find_data_location(mine)
    assert isinstance(place, OwnFolder)
    assert place.classes() == ("a cat", "my dog")
    assert place.has("my dog")
    assert not place.has("dog")
    assert str(place) == f"the folder of drawings {mine}"


def test_files_of_drawings(mine: Path) -> None:
    for name, word in (("b.ndjson", "cat"), ("a.ndjson", "dog"), (".c.ndjson", "owl")):
        (mine / name).write_text(f'{{"word": "{word}", "drawing": [[[0], [0]]]}}')
    (mine / "notes.txt").write_text("")
    file = find_data_location(mine / "b.ndjson")
    assert file == OwnFiles(mine / "b.ndjson")
    assert isinstance(file, OwnFiles)
    assert (file.classes(), file.has("cat"), file.has("dog")) == (("cat",), True, False)
    assert str(file) == f"the file of drawings {mine / 'b.ndjson'}"
    folder = find_data_location(mine)
    assert isinstance(folder, OwnFiles)
    assert [group.files[0].name for group in folder.to_train()] == ["a.ndjson", "b.ndjson"]
    assert folder.classes() == ("cat", "dog")
    assert str(folder) == f"the files of drawings in {mine}"
    (mine / "owl").mkdir()
    assert isinstance(find_data_location(mine), OwnFolder)


def test_a_mirror_keeps_its_password_to_itself() -> None:
    place = find_data_location("https://me:secret@example.org/full/")
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
        find_data_location(name)


@pytest.mark.parametrize(
    "address", ["http://[::1", "file://[/x", "https://host:port/", "http://a:-1"]
)
def test_what_only_begins_like_an_address_is_refused(address):
    with pytest.raises(DataError, match=r"is not an address .*; check it, or give the path"):
        find_data_location(address)


# --- groups of files ------------------------------------------------------------------------------


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


@pytest.mark.parametrize("name", ["cat.ndjson", "cat.npy", "cat.npz", "cat.bin", "cat.csv"])
def test_a_file_is_called_by_its_class_if_its_words_do_not_say_otherwise(name):
    touch(name)
    assert find_groups(name) == (Group("cat", (Path(name),)),)


@pytest.mark.parametrize("name", ["mine.png", "mine.JPEG", "mine.svg"])
def test_a_single_picture_is_of_no_known_class(name):
    touch(name)
    assert find_groups(name) == (Group(None, (Path(name),)),)


def test_a_folder_of_files_has_a_group_for_each_and_passes_over_all_else():
    touch("all/dog.npy", "all/cat.ndjson", "all/README.md", "all/.hidden.npy", "all/x.png")
    assert list(find_groups("all")) == [
        Group("cat", (Path("all/cat.ndjson"),)),
        Group("dog", (Path("all/dog.npy"),)),
        Group(None, (Path("all/x.png"),)),
    ]


def test_a_folder_of_ones_own_has_a_group_a_subfolder():
    touch("mine/spoon/b.svg", "mine/spoon/a.png", "mine/cup/c.json", "mine/notes.txt", "mine/x.npy")
    touch("mine/.git/config")
    assert list(find_groups("mine")) == [
        Group("cup", (Path("mine/cup/c.json"),), is_certain=True),
        Group("spoon", (Path("mine/spoon/a.png"), Path("mine/spoon/b.svg")), is_certain=True),
    ]


def test_of_a_bucket_strokes_are_taken_and_otherwise_bitmaps():
    touch("b/numpy_bitmap/cat.npy", "b/numpy_bitmap/owl.npy", "b/simplified/cat.ndjson")
    touch("b/raw/cat.ndjson", "b/raw/ant.ndjson", "b/binary/bee.bin", "b/raw/.x.ndjson")
    assert [group.files[0].as_posix() for group in find_groups("b")] == [
        *("b/raw/ant.ndjson", "b/binary/bee.bin", "b/simplified/cat.ndjson"),
        "b/numpy_bitmap/owl.npy",
    ]
    assert all(group.is_certain for group in find_groups("b"))


def test_an_address_of_this_machine_is_a_path(tmp_path):
    touch("all/cat.npy")
    assert find_groups((Path.cwd() / "all").as_uri())[0].label == "cat"


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("nowhere", "nowhere does not exist; name a file or folder of drawings"),
        ("empty", "empty holds no drawings; expected"),
        ("texts", "texts holds no drawings; expected"),
        ("bucket", "bucket holds no drawings, neither in simplified, nor in raw"),
        ("mine", "cup holds no drawings; put some there, or remove the folder"),
        (
            "https://me:secret@example.org/q",
            "the mirror https://example.org/q is a server, and local files",
        ),
        ("ftp://example.org", "an address of an unknown kind"),
    ],
)
def test_paths_without_drawings_are_refused(named, message):
    touch("texts/a.txt", "bucket/numpy_bitmap/a.txt")
    for folder in ("empty", "mine/cup"):
        Path(folder).mkdir(parents=True)
    with pytest.raises(DataError, match=message):
        find_groups(named)


LEFT_BEHIND = ["Thumbs.db", "desktop.ini", ".DS_Store", "._1.json", "ehthumbs.db", "DESKTOP.INI"]


@pytest.mark.parametrize("name", LEFT_BEHIND)
def test_what_systems_leave_behind_is_passed_over(name):
    touch("mine/cup/1.json", f"mine/cup/{name}", f"mine/{name}", f"mine/__MACOSX/cup/{name}")
    assert find_groups("mine") == (Group("cup", (Path("mine/cup/1.json"),), is_certain=True),)
    touch("files/cup.ndjson", f"files/{name}", "files/__MACOSX/._cup.ndjson")
    assert find_groups("files") == (Group("cup", (Path("files/cup.ndjson"),)),)
    touch("q/simplified/cup.ndjson", f"q/simplified/{name}", "q/simplified/._cup.ndjson")
    assert [group.label for group in find_groups("q")] == ["cup"]


def test_folders_of_parts_are_explained():
    touch(*(f"data/{part}/{name}/1.json" for part in ("train", "test") for name in ("cup", "owl")))
    for find in (find_groups, find_data_location):
        with pytest.raises(
            DataError, match=r"^data: there are folders in train and test; name one"
        ):
            find("data")
    assert [group.label for group in find_groups("data/train")] == ["cup", "owl"]
    touch("zip/drawings/cup/1.json")
    with pytest.raises(DataError, match=r"zip: there are folders in drawings; name it, such as"):
        find_data_location("zip")


@pytest.mark.parametrize("other", ["cat", "CAT"])
def test_two_folders_that_differ_in_case_alone_are_refused(other):
    touch("mine/Cat/1.json", f"mine/{other}/2.json", "mine/dog/3.json")
    if len(list(Path("mine").iterdir())) == 2:  # a file system that takes them for one
        return
    for find in (find_groups, find_data_location):
        with pytest.raises(DataError, match="the same name but for capital letters; put the"):
            find("mine")


@pytest.mark.parametrize(
    ("group", "word", "expected"),
    [
        (Group("cat", ()), None, "cat"),
        (Group("cat", ()), "", "cat"),
        (Group("cat", ()), "dog", "dog"),
        (Group("cat", (), is_certain=True), "dog", "cat"),
        (Group(None, ()), "dog", "dog"),
        (Group(None, ()), None, None),
    ],
)
def test_one_rule_for_the_class_of_a_drawing(group, word, expected):
    assert group.class_of(word) == expected
