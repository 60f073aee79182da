"""Pictures of drawings as users make them: pens, papers, light, noise."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw

_FINE = 3  # drawn so many times larger, then averaged


def picture(
    strokes, *, size=(320, 240), pen=5.0, scale=0.8, place=(30.0, 12.0), ink="black", paper="white"
):
    """Draw strokes as a drawing program would, with round joins and soft edges."""
    image = Image.new("RGB", (size[0] * _FINE, size[1] * _FINE), paper)
    draw = ImageDraw.Draw(image)
    radius = pen * _FINE / 2
    for xs, ys in strokes:
        points = [
            ((x * scale + place[0]) * _FINE, (y * scale + place[1]) * _FINE)
            for x, y in zip(xs, ys, strict=True)
        ]
        if len(points) > 1:
            draw.line(points, fill=ink, width=round(pen * _FINE), joint="curve")
        for x, y in points:
            draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=ink)
    return image.resize(size, Image.Resampling.BOX)


def photographed(image, *, seed=0, noise=8.0, shade=90.0):
    """Turn a picture into a photo: warm uneven light, grey ink, grain."""
    pixels = np.asarray(image.convert("RGB"), dtype=float) / 255
    h, w, _ = pixels.shape
    y, x = np.mgrid[0:h, 0:w] / np.array([h, w]).reshape(2, 1, 1) - 0.5
    light = 185 + shade * x + shade / 2 * y - 80 * (x * x + y * y)
    warm = np.array([1.0, 0.95, 0.85])
    grain = np.random.default_rng(seed).normal(0, noise, pixels.shape)
    photo = (pixels * 0.75 + 0.25) * light[..., None] * warm + grain
    return Image.fromarray(photo.clip(0, 255).astype(np.uint8))


def transparent(strokes, colour, **options):
    """Draw strokes in one colour on nothing."""
    opacity = picture(strokes, ink="white", paper="black", **options).convert("L")
    image = Image.new("RGBA", opacity.size, (*colour, 0))
    image.putalpha(opacity)
    return image


def encoded(image, kind, **options):
    """Return a picture as the contents of a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
