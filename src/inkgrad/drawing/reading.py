"""Picture files of every sort, opened: the last picture, the right way up, in RGB, on paper."""

from __future__ import annotations

import importlib
import io
import os
import warnings
from typing import IO, TYPE_CHECKING

import numpy as np

from inkgrad.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["FORMATS", "read_picture"]

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
_PLENTY = 1024  # a JPEG is decoded at an eighth to a half of its size if that leaves so much
_MAX_FRAMES = 20  # an animation may have so many times the pixels of the largest picture
_TOO_LARGE = "{name}: the picture is too large; make it smaller, 1000 × 1000 pixels are plenty"
_HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def read_picture(
    source: str | os.PathLike[str] | bytes | Image, name: str, max_pixels: int
) -> Image:
    """Return a picture in RGB, on paper, the right way up; the last one if there are several.

    Parameters
    ----------
    source : path, bytes or PIL image
    name : str
        What errors call it.
    max_pixels : int
        A larger picture is refused before it is decompressed.

    Raises
    ------
    DataError
        If the file is missing, damaged, not a picture, or too large.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        if isinstance(source, Image.Image):
            return _on_paper(source, name, max_pixels)
        with _open(source) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of size, which is checked here; of odd palettes
            picture = Image.open(file, formats=[*FORMATS, *_more_formats(file, name)])
            _seek_last(picture, name, max_pixels)
            return _on_paper(picture, name, max_pixels)
    except DataError:
        raise
    except Image.DecompressionBombError:
        raise DataError(_TOO_LARGE.format(name=name)) from None
    except FileNotFoundError:
        raise DataError(f"{name}: there is no such file; give the path of a picture") from None
    except UnidentifiedImageError:
        raise DataError(f"{name}: this is not a picture in {', '.join(FORMATS)} format") from None
    except Exception as error:  # a damaged file can make a decoder raise almost anything
        raise DataError(f"{name}: the picture cannot be read ({error}); save it anew") from None


def _open(source: str | os.PathLike[str] | bytes) -> IO[bytes]:
    return io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb")


def _more_formats(file: IO[bytes], name: str) -> list[str]:
    """Return HEIF, what iPhones save, if the file is in it and Pillow's plug-in is installed."""
    head = file.read(12)
    file.seek(0)
    if head[4:8] != b"ftyp" or head[8:12] not in _HEIF:
        return []
    try:
        importlib.import_module("pillow_heif").register_heif_opener()
    except ImportError:
        raise DataError(
            f"{name}: this is a picture in HEIC format, which needs Python's package pillow-heif; "
            "install it, or save the picture as JPEG or PNG"
        ) from None
    return ["HEIF"]


def _seek_last(picture: Image, name: str, max_pixels: int) -> None:
    """Go to the last picture of a file: of an animation, the one in which all is drawn.

    What a camera adds to a JPEG (MPO) is a preview or a map of depth, and some pages of a TIFF
    are previews of others.
    """
    _refuse_large(picture, name, max_pixels)
    frames = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)
    if picture.width * picture.height * frames > _MAX_FRAMES * max_pixels:
        raise DataError(f"{name}: the animation is too long; save its last picture alone")
    for frame in reversed(range(1, frames)):
        picture.seek(frame)
        if not _is_preview(picture):
            _refuse_large(picture, name, max_pixels)
            return
    if frames > 1:
        picture.seek(0)


def _is_preview(picture: Image) -> bool:
    tags = getattr(picture, "tag_v2", {})  # of a TIFF
    return bool(tags.get(254, 0) & 1)  # NewSubfileType: of reduced resolution


def _refuse_large(picture: Image, name: str, max_pixels: int) -> None:
    if picture.width * picture.height > max_pixels:
        raise DataError(_TOO_LARGE.format(name=name))


def _on_paper(picture: Image, name: str, max_pixels: int) -> Image:
    """Lay a picture of any mode the right way up on paper: black if its ink is light, or white."""
    from PIL import ImageOps

    _refuse_large(picture, name, max_pixels)
    if min(picture.size) == 0:
        raise DataError(f"{name}: the picture has no pixels; give a drawing")
    if picture.format in ("JPEG", "MPO") and max(picture.size) >= 2 * _PLENTY:
        picture.draft(None, (_PLENTY, _PLENTY))  # a photograph is decoded many times as fast
    upright = _to_8_bits(ImageOps.exif_transpose(picture))
    if upright.mode in ("L", "RGB", "CMYK", "YCbCr") and "transparency" not in upright.info:
        return upright.convert("RGB")
    rgba = upright.convert("RGBA")
    step = -(-max(rgba.size) // 512)
    sample = np.asarray(rgba)[::step, ::step].reshape(-1, 4)
    if sample[:, 3].min() == 255:
        return _opaque(rgba, "white")
    see_through = sample[:, 3].min() < 128
    light = np.average(sample[:, :3].mean(axis=1), weights=sample[:, 3] + 1e-9) > 192
    return _opaque(rgba, "black" if see_through and light else "white")


def _opaque(rgba: Image, colour: str) -> Image:
    from PIL import Image

    paper = Image.new("RGBA", rgba.size, colour)
    return Image.alpha_composite(paper, rgba).convert("RGB")


def _to_8_bits(picture: Image) -> Image:
    """Scale pictures of 16 or 32 bits a pixel, which Pillow would clip at 255."""
    from PIL import Image

    if picture.mode[0] not in "IF":
        return picture
    values = np.asarray(picture, dtype=np.float64)
    values = np.nan_to_num(values, posinf=0.0, neginf=0.0).clip(0)
    full = 65535.0 if picture.mode.startswith("I") else values.max() or 1.0
    return Image.fromarray((values * (255 / full)).clip(0, 255).astype(np.uint8))
