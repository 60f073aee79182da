"""Attribution: which parts of a drawing made a network answer as it does."""

from inkgrad.insight.attribution.ablation import falls, log_odds, occlude, occlusion_map, patches
from inkgrad.insight.attribution.explanation import Explanation, explain_drawing
from inkgrad.insight.attribution.gradients import cam_place, class_gradient, grad_cam, upsample
from inkgrad.insight.attribution.parts import Part, bitmaps_without, parts_of
from inkgrad.insight.attribution.picture import draw_explanation

__all__ = [
    "Explanation",
    "Part",
    "bitmaps_without",
    "cam_place",
    "class_gradient",
    "draw_explanation",
    "explain_drawing",
    "falls",
    "grad_cam",
    "log_odds",
    "occlude",
    "occlusion_map",
    "parts_of",
    "patches",
    "upsample",
]
