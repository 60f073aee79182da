"""Insight: how good a network is, whether its mathematics is right, and a report to look at."""

from inkgrad.insight.engine_comparison import compare_engines
from inkgrad.insight.evaluation import ClassScore, Confusion, Evaluation, evaluate
from inkgrad.insight.exact import ExactCheck, check_exactly
from inkgrad.insight.gradcheck import Check, check_gradients
from inkgrad.insight.hard_classes import hard_classes
from inkgrad.insight.metrics import METRICS, Judged, Metric
from inkgrad.insight.readings import Reading, most_confident_mistakes, read_drawings
from inkgrad.insight.report import write_report

__all__ = [
    "METRICS",
    "Check",
    "ClassScore",
    "Confusion",
    "Evaluation",
    "ExactCheck",
    "Judged",
    "Metric",
    "Reading",
    "check_exactly",
    "check_gradients",
    "compare_engines",
    "evaluate",
    "hard_classes",
    "most_confident_mistakes",
    "read_drawings",
    "write_report",
]
