"""Variants of drawings: what another hand, or another moment, would have made of them."""

from inkgrad.drawing.variants.bitmaps import vary_bitmaps
from inkgrad.drawing.variants.chance import chance_keys
from inkgrad.drawing.variants.draw import draw_variants
from inkgrad.drawing.variants.strokes import vary_strokes
from inkgrad.drawing.variants.variation import Variation

__all__ = ["Variation", "chance_keys", "draw_variants", "vary_bitmaps", "vary_strokes"]
