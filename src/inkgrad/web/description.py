"""The words of the server's OpenAPI description: what is asked and what is answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from inkgrad.web.asking import JSON, MAX_POINTS, MAX_STROKES, MAX_TOP, PNG, Question

__all__ = ["Answer", "Health", "ModelFacts", "ModelList", "Refusal", "question_body", "refused_as"]

_REASONS = {
    400: "The body, or the host that is asked for, is not understood.",
    403: "The request comes from a page of another origin.",
    408: "The body takes too long to come.",
    413: "The body is too large.",
    415: "The content type is not one of those that are read.",
    422: "What the body holds is not a drawing that can be recognised.",
    503: "Too many ask at once.",
}


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Refusal(_Told):
    """Why there is no answer."""

    error: str = Field(description="One sentence.")


class Health(_Told):
    """The server is well."""

    status: str = Field(pattern="^ok$")
    version: str


class Guess(_Told):
    """A class, and how probable it is."""

    name: str = Field(alias="class")
    probability: float = Field(ge=0, le=1)


class Answer(_Told):
    """What a drawing shows."""

    guesses: list[Guess] = Field(description="The likeliest first.", min_length=1)
    sure: bool = Field(
        description="Whether the best guess has a probability of 0.5 or more, and is not rejected."
    )
    familiarity: float = Field(
        description="How much the drawing is like those that the model knows.", ge=0, le=1
    )
    rejected: bool = Field(
        description="Whether it is none of the classes; never, if the model was not trained to say "
        "so."
    )
    milliseconds: float = Field(description="How long drawing and recognising took.", ge=0)


class ModelEntry(_Told):
    """A model that can be asked."""

    name: str
    address: str = Field(description="Where its file is.")
    classes: list[str]


class ModelList(_Told):
    """The models that can be asked; the first one answers if none is named."""

    models: list[ModelEntry]


class LayerFacts(_Told):
    """A layer of a network."""

    name: str
    type: str
    output_shape: list[int]
    parameters: int
    multiply_adds: int


class ModelFacts(ModelEntry):
    """The model that is served."""

    parameters: int = Field(description="How many numbers it has learnt.")
    multiply_adds: int = Field(description="How many there are in recognising a drawing.")
    input_shape: list[int]
    layers: list[LayerFacts]
    network: dict[str, Any] = Field(description="The network's configuration.")
    raster: dict[str, Any] = Field(description="How strokes become pixels.")
    record: dict[str, Any] = Field(description="Where the model comes from.")


def question_body(names: Sequence[str]) -> dict[str, Any]:
    """Return the description of what is asked of models of these names."""
    row = {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": MAX_POINTS}
    stroke = {
        "type": "array",
        "items": row,
        "minItems": 2,
        "maxItems": 3,
        "description": "[xs, ys] or [xs, ys, times]: rows of the same length; y grows downwards.",
    }
    rows = {"type": "array", "items": stroke, "minItems": 1, "maxItems": MAX_STROKES}
    points = {
        "type": ["array", "object"],
        "description": "Strokes of points [x, y] or {x, y}, as drawing pages save them.",
    }
    strokes = {
        "anyOf": [rows, points],
        "description": f"The drawing, of any size, within ±1e9; at most {MAX_POINTS:,} points.",
    }
    top = {"type": "integer", "minimum": 1, "maximum": MAX_TOP, "default": Question.top}
    schema = {
        "type": "object",
        "properties": {
            "strokes": strokes,
            "top": {**top, "description": "How many guesses are wanted."},
            "model": {"type": "string", "enum": list(names), "default": names[0]},
        },
        "required": ["strokes"],
        "additionalProperties": False,
    }
    picture = {"type": "string", "format": "binary"}
    content = {
        JSON: {"schema": schema, "example": {"strokes": [[[0, 255], [0, 255]]]}},
        PNG: {"schema": picture},
    }
    return {"requestBody": {"required": True, "content": content}}


def refused_as(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the description of the answers of these statuses."""
    return {
        status: {"model": Refusal, "description": _REASONS[status]} for status in sorted(statuses)
    }
