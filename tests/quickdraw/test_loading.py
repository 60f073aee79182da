"""Where drawings come from, and what is said about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inkgrad.drawing import Raster, rasterize, to_bitmap
from inkgrad.errors import DataError, DownloadError
from inkgrad.quickdraw import loading
from inkgrad.quickdraw.doodles import doodle_bitmaps
from inkgrad.quickdraw.loaded import ATTRIBUTION, Counts, Loaded
from inkgrad.quickdraw.loading import load_drawings
from inkgrad.quickdraw.tasks import TASKS

from .bucket import Bucket, cut, status
from .test_bitmap_cache import drawing
from .test_fetch import closed_port


def bitmaps(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 784), dtype=np.uint8)


def lines(numbers: range) -> list[str]:
    return [json.dumps({"drawing": drawing(n), "recognized": n % 2 == 0}) for n in numbers]


def drawn(numbers: range) -> np.ndarray:
    return np.stack([rasterize(drawing(n)) for n in numbers])


@pytest.fixture
def bucket(server: Bucket) -> Bucket:
    """Bitmaps of cats, strokes of dolphins, both of dogs."""
    server.put_bitmaps("cat", bitmaps(30))
    server.put_bitmaps("dog", bitmaps(20, seed=1))
    server.put_lines("dog", lines(range(25)))
    server.put_lines("dolphin", lines(range(25, 40)))
    return server


@pytest.fixture
def google(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Put the same server in the place of Google's."""
    use_as_google(monkeypatch, bucket.url)
    return bucket


def use_as_google(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Let another address be taken for Google's bucket."""
    monkeypatch.setattr(loading, "GOOGLE_BUCKET", url)


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Loaded]:
    def loader(*classes: str, **options) -> Loaded:
        return load_drawings(classes, cache=tmp_path / "cache", **options)

    return loader


def unpack(bucket: Bucket, folder: Path) -> Path:
    """Write the server's files into a folder."""
    for name, content in bucket.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


# A folder, and a mirror of it


@pytest.mark.parametrize("limit", [None, 5, 22, 100])
@pytest.mark.parametrize("place", ["folder", "file", "environment", "mirror"])
def test_every_way_to_a_folder_gives_the_same(
    bucket: Bucket, load, tmp_path: Path, monkeypatch, place: str, limit: int | None
) -> None:
    folder = unpack(bucket, tmp_path / "folder")
    data: object = folder
    if place == "file":
        data = folder.as_uri()
    elif place == "environment":
        monkeypatch.setenv("INKGRAD_DATA", str(folder))
        data = None
    elif place == "mirror":
        data = bucket.url
    loaded = load("dolphin", "cat", "dog", data=data, limit=limit)
    most = limit or 1000
    expected = {
        "dolphin": Counts(0, min(15, most)),
        "cat": Counts(min(30, most), 0),
        "dog": Counts(min(20, most), min(25, max(0, most - 20))),
    }
    assert loaded.counts == expected
    assert loaded.drawings.classes == ("dolphin", "cat", "dog")
    assert loaded.drawings.counts() == {n: c.bitmaps + c.strokes for n, c in expected.items()}
    ours = [
        drawn(range(25, 40))[:most],
        bitmaps(30).reshape(-1, 28, 28)[:most],
        bitmaps(20, seed=1).reshape(-1, 28, 28)[:most],
        drawn(range(25))[: max(0, most - 20)],
    ]
    assert np.array_equal(loaded.drawings.bitmaps, np.concatenate(ours))
    where = f"the mirror {bucket.url}" if place == "mirror" else f"the folder {folder}"
    assert loaded.source == where
    assert not loaded.built_in


def test_what_is_missing_is_named_and_never_replaced(bucket: Bucket, load, tmp_path: Path) -> None:
    folder = unpack(bucket, tmp_path / "folder")
    for data in (str(folder), bucket.url):
        with pytest.raises(
            DataError,
            match=r"no drawings of zebra, elephant in the (folder|mirror) .*, neither "
            r"in numpy_bitmap/zebra\.npy nor in simplified/zebra\.ndjson; check the name",
        ):
            load("cat", "zebra", "elephant", data=data)
    with pytest.raises(DataError, match="no drawings of owl, bee, ant and 1 more in"):
        load("owl", "bee", "ant", "bat", data=folder)


def test_a_mirror_that_cannot_be_reached_is_an_error(load) -> None:
    with pytest.raises(DownloadError, match="cannot be reached"):
        load("cat", data=closed_port())


def test_a_mirror_offline(bucket: Bucket, load) -> None:
    with pytest.raises(DataError, match="no drawings of cat in what was fetched earlier from the"):
        load("cat", data=bucket.url, offline=True)
    load("cat", "dog", data=bucket.url)
    bucket.gets.clear()
    loaded = load("cat", "dog", data=bucket.url, offline=True)
    assert loaded.drawings.counts() == {"cat": 30, "dog": 45}
    assert loaded.source == f"what was fetched earlier from the mirror {bucket.url}"
    assert bucket.gets == []


def test_a_mirror_is_asked_for_strokes_only_where_bitmaps_lack(bucket: Bucket, load) -> None:
    load("cat", "dog", data=bucket.url, limit=20)
    assert {path for path, _ in bucket.gets} == {"numpy_bitmap/cat.npy", "numpy_bitmap/dog.npy"}


def test_a_mirror_that_tells_nothing_of_its_files_is_noted_once(bucket: Bucket, load) -> None:
    """Once for both kinds of file."""
    bucket.tags, bucket.hashes = "none", False
    told: list[tuple[str, str, int, int]] = []
    load("cat", "dolphin", data=bucket.url, limit=5, on_progress=lambda *a: told.append(a))
    assert {path.split("/")[0] for path, _ in bucket.gets} == {"numpy_bitmap", "simplified"}
    assert [name.split()[0] for step, name, *_ in told if step == "note"] == ["127.0.0.1"]


@pytest.mark.parametrize("place", ["folder", "mirror"])
def test_recognised_drawings_only(bucket: Bucket, load, tmp_path: Path, place: str) -> None:
    data = bucket.url if place == "mirror" else unpack(bucket, tmp_path / "folder")
    loaded = load("dog", "dolphin", data=data, recognized=True)
    assert loaded.counts == {"dog": Counts(0, 13), "dolphin": Counts(0, 7)}
    assert np.array_equal(loaded.drawings.bitmaps[:13], drawn(range(0, 25, 2)))
    with pytest.raises(
        DataError, match=r"no drawings of cat marked as not recognised in .* take all drawings"
    ):
        load("dog", "cat", data=data, recognized=False)


# Google's bucket, the cache, doodles


def test_only_the_first_drawings_come_from_google(google: Bucket, load) -> None:
    told: list[tuple[str, str, int, int]] = []
    loaded = load("cat", "dog", limit=5, on_progress=lambda *a: told.append(a))
    assert loaded.source == "Google's Quick, Draw! bucket, the first 5 drawings of each class"
    assert loaded.counts == {"cat": Counts(5), "dog": Counts(5)}
    assert sum(google.sent.values()) == 2 * (
        128 + 5 * 784 + 1024
    )  # the first 1024 of each come twice
    assert {(step, name) for step, name, *_ in told} == {("fetch", "cat"), ("fetch", "dog")}


def test_what_the_cache_has_is_not_fetched(google: Bucket, load) -> None:
    first = load("cat", limit=7)
    google.gets.clear()
    again = load("cat", limit=5)
    assert google.gets == []
    assert np.array_equal(again.drawings.bitmaps, first.drawings.bitmaps[:5])


def test_nothing_is_kept_if_the_cache_is_not_to_be_used(google: Bucket, load, tmp_path) -> None:
    assert load("cat", limit=7, use_cache=False).drawings.counts() == {"cat": 7}
    assert not (tmp_path / "cache").exists()


def test_recognised_drawings_of_google_are_drawn_from_strokes(google: Bucket, load) -> None:
    assert load("dog", limit=10, recognized=True).counts == {"dog": Counts(0, 5)}


def test_a_class_that_google_lacks_is_an_error(google: Bucket, load) -> None:
    with pytest.raises(DownloadError, match=r"zebra\.npy: the server answered 404"):
        load("cat", "zebra")


def test_faults_of_google_are_no_reason_for_doodles(google: Bucket, load) -> None:
    google.always("numpy_bitmap/cat.npy", status(403))
    with pytest.raises(DownloadError, match="403 Forbidden"):
        load("cat", "dog")


def test_names_are_those_of_google(load) -> None:
    with pytest.raises(DataError, match="did you mean"):
        load("katze")
    with pytest.raises(DataError, match="'Cats' is not how Google's files are called; use 'cat'"):
        load("dog", "Cats")


def test_without_a_network_what_was_fetched_earlier_is_used(
    google: Bucket, load, monkeypatch
) -> None:
    load("cat", "dog", limit=6)
    monkeypatch.setattr("inkgrad.quickdraw.transfer.Client._contact", unreachable)
    loaded = load("cat", "dog", limit=10)
    assert loaded.counts == {"cat": Counts(6), "dog": Counts(6)}
    assert loaded.source == (
        "what was fetched earlier from Google's Quick, Draw! bucket, as nobody can be reached"
    )
    offline = load("cat", "dog", limit=10, offline=True)
    assert offline.source.endswith("bucket, as no server is to be asked")
    assert offline.drawings.fingerprint() == loaded.drawings.fingerprint()


def unreachable(self: object, url: str) -> None:
    raise loading.UnreachableError("nobody can be reached")


def test_without_a_network_there_are_doodles(load, monkeypatch) -> None:
    use_as_google(monkeypatch, closed_port())
    told: list[tuple[str, str, int, int]] = []
    animals = TASKS["animals"]
    loaded = load(*animals, limit=3, seed=5, on_progress=lambda *a: told.append(a))
    assert loaded.built_in
    assert loaded.source.startswith(
        "built-in doodles, drawn by a program, as 127.0.0.1 cannot be reached (no connection"
    )
    assert "\n" not in loaded.source
    assert loaded.counts == dict.fromkeys(animals, Counts(strokes=3))
    bitmaps, labels = doodle_bitmaps(animals, 3, 5)
    assert np.array_equal(loaded.drawings.bitmaps, bitmaps)
    assert np.array_equal(loaded.drawings.labels, labels)
    assert told == [("draw", name, done, 3) for name in animals for done in (0, 3)]


def test_doodles_are_the_same_for_the_same_seed(load) -> None:
    one, two, other = (
        load("zebra", "cat", limit=4, seed=seed, offline=True).drawings.fingerprint()
        for seed in (1, 1, 2)
    )
    assert one == two != other


def test_doodles_are_drawn_once(load, monkeypatch) -> None:
    first = load("cat", limit=4, offline=True)

    def must_not(*_: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr(loading, "_doodles_of", must_not)
    again = load("cat", limit=4, offline=True)
    assert again.drawings.fingerprint() == first.drawings.fingerprint()
    with pytest.raises(AssertionError, match="drawn again"):
        load("cat", limit=4, offline=True, use_cache=False)


def test_there_are_not_more_doodles_than_enough(load, monkeypatch) -> None:
    monkeypatch.setattr(loading, "DOODLES", 2)
    assert len(load("cat", limit=100, offline=True).drawings) == 2
    assert len(load("cat", offline=True).drawings) == 2


@pytest.mark.parametrize(("name", "options"), [("owl", {}), ("cat", {"recognized": True})])
def test_no_doodles_of_that_kind(load, name: str, options: dict[str, bool]) -> None:
    with pytest.raises(
        DownloadError,
        match=rf"no drawings of {name}: no server is to be asked; name a folder .* or choose "
        "among the built-in doodles cat, dog, dolphin, elephant, zebra",
    ):
        load(name, offline=True, **options)


def test_a_network_that_ends_on_the_way_is_an_error(google: Bucket, load, monkeypatch) -> None:
    monkeypatch.setattr("inkgrad.quickdraw.transfer._BACK_OFF", 0.0)
    google.always("numpy_bitmap/dog.npy", cut(3))
    with pytest.raises(DownloadError, match="what arrived is kept, run the same command again"):
        load("cat", "dog")


# Own drawings


def test_own_drawings(load, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    for name in ("ours", "theirs", "broken"):
        (folder / name).mkdir(parents=True)
        for n in range(3):
            (folder / name / f"{n}.json").write_text(json.dumps({"drawing": drawing(n)}))
    (folder / "broken" / "0.json").write_text("{")
    loaded = load("theirs", "ours", data=folder, limit=2)
    assert loaded.drawings.classes == ("theirs", "ours")
    assert loaded.counts == {"theirs": Counts(2), "ours": Counts(2)}
    assert loaded.source == f"the folder of drawings {folder}"
    with pytest.raises(DataError, match="has no subfolder 'cat'; there are broken, ours, theirs"):
        load("cat", data=folder)
    with pytest.raises(DataError, match="does not tell which drawings were recognised"):
        load("ours", data=folder, recognized=True)


def write(path: Path, *records: dict[str, object]) -> Path:
    """Write a file as the drawing page saves one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def test_a_file_of_drawings_with_words(load, tmp_path: Path) -> None:
    raw = [[[1000.5, 1400.25, 1200], [-30, 800, 90.125]], [[1100], [200]]]  # as a pointer left them
    path = write(
        tmp_path / "drawings.ndjson",
        {"word": "my logo", "drawing": raw, "recognized": True},
        {"word": "cat", "drawing": drawing(1)},
        {"drawing": drawing(2), "recognized": False},
        {"word": "cat", "drawing": drawing(3), "recognized": False},
        {"word": "owl", "drawing": drawing(4), "recognized": False},
        {"word": "cat", "drawing": drawing(5), "recognized": True},
    )
    loaded = load("my logo", "cat", "drawings", data=path)
    assert loaded.drawings.labels.tolist() == [0, 1, 2, 1, 1]
    assert loaded.counts["cat"] == Counts(strokes=3)
    assert (loaded.source, loaded.attribution) == (f"the file of drawings {path}", "")
    np.testing.assert_array_equal(loaded.drawings.bitmaps[0], to_bitmap(raw))
    assert load("cat", data=path, limit=2).drawings.counts() == {"cat": 2}
    assert load("cat", data=path, recognized=True).drawings.counts() == {"cat": 1}
    assert load("cat", "owl", data=path, recognized=False).drawings.labels.tolist() == [0, 1]
    large = load("my logo", data=path, raster=Raster(56)).drawings.bitmaps
    np.testing.assert_array_equal(large[0], to_bitmap(raw, 56))
    with pytest.raises(DataError, match=r"no drawings of dog in the file .*; check the name"):
        load("cat", "dog", data=path)
    with pytest.raises(DataError, match="no drawings of my logo marked as not recognised in"):
        load("my logo", data=path, recognized=False)


def test_a_folder_of_files_with_words(load, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    one, two, three = (
        {"word": name, "drawing": drawing(n)} for n, name in enumerate(["b", "a", "b"])
    )
    write(folder / "2.ndjson", three)
    write(folder / "1.ndjson", one, two)
    (folder / "README.md").write_text("not a drawing")
    loaded = load("a", "b", data=folder)
    assert loaded.drawings.labels.tolist() == [1, 0, 1]
    assert loaded.source == f"the files of drawings in {folder}"
    assert load("a", data=folder).drawings.counts() == {"a": 1}


def test_whose_drawings_a_file_holds(load, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ndjson", {"word": "a", "key_id": "7", "drawing": drawing(1)})
    assert load("a", data=path).attribution == ATTRIBUTION


def test_a_damaged_file_of_drawings(load, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.ndjson", {"word": "a", "drawing": drawing(1)}, {"word": "a", "drawing": 7}
    )
    with pytest.raises(DataError, match=r"a\.ndjson: line 2: strokes are a number"):
        load("a", data=path)


@pytest.mark.parametrize(
    ("classes", "limit", "match"),
    [
        ("cat", None, "classes are 'cat'; give a list"),
        ([], None, r"classes are \[\]"),
        (["cat", "cat"], None, "distinct names"),
        (["cat"], 0, "limit is 0; give 1 or more"),
    ],
)
def test_impossible_wishes(classes, limit: int | None, match: str) -> None:
    with pytest.raises(DataError, match=match):
        load_drawings(classes, limit=limit)


# The real drawings


@pytest.mark.slow
def test_the_real_animals(quickdraw_folder: Path, load) -> None:
    loaded = load(*TASKS["animals"], data=quickdraw_folder)
    totals = {"cat": (6998, 202), "dog": (5588, 410), "zebra": (450, 201)}
    for name, (rows, strokes) in totals.items():
        counts = loaded.counts[name]
        assert counts.bitmaps == rows
        assert counts.strokes + counts.doubles == strokes
        assert counts.doubles > 0
    assert loaded.counts["dolphin"] == Counts(0, 202)
    assert loaded.counts["elephant"] == Counts(0, 201)
    again = load(*TASKS["animals"], data=quickdraw_folder)
    assert again.drawings.fingerprint() == loaded.drawings.fingerprint()
