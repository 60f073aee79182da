"""Blocks as compiled code reads them: records with a field for every size, stride and place."""

from __future__ import annotations

import numpy as np

__all__ = ["CONVOLUTION", "DENSE"]


def _record(names: str) -> np.dtype[np.void]:
    return np.dtype([(name, np.int64) for name in names.split()])


CONVOLUTION = _record(
    # the convolution, ReLU and pool
    "channels rows columns filters size_y size_x stride_y stride_x pad_y pad_x rectified pool "
    # the input's groups: channels in one, how many, floats of one; rows and columns with padding
    "group groups slab in_rows in_columns "
    # windows: rows and columns of the pooled output
    "out_rows out_columns "
    # filters: vectors, pairs of vectors, words of 64, rounded up to whole words
    "vectors pairs words padded_filters "
    # the output's slabs, padded for the next block
    "out_slab out_in_columns out_pad_y out_pad_x "
    # how: by Winograd; whether dx is wanted, whether by the block's mirror; whether every output
    # has a gradient
    "winograd passes_back mirrored all_live "
    # places in the parameters (bias −1: there is none)
    "weight bias "
    # packed weights: forward, from point to point (Winograd), bias, backward
    "forward point_step packed_bias backward "
    # activations: place and floats from drawing to drawing (0: in the thread's scratch)
    "input input_step output output_step "
    # winners: place and words from drawing to drawing; lists by filter, of 64, and their ends
    "won won_step lists ends "
    # rows of ink: place (−1: not known) and words from drawing to drawing (0: in scratch)
    "ink ink_step "
    # gradients: of the input (scratch); sums within a part
    "error bias_sums sums "
    # tables: of a window its place in the input's and in the error's slab; of a filter its place in
    # the error's slab and in the packed weights
    "input_at error_at filter_error_at filter_at "
    # Winograd: V, M, windows waiting; answers to blank paper: values, winners, stamps
    "v m waiting answers answer_words stamps"
)
"""A convolution block's sizes and places."""

DENSE = _record(
    "inputs outputs width chunks rectified input_rectified passes_back is_packed weight bias "
    "packed packed_bias packed_gradient input input_step output output_step row_at"
)
"""A dense block's sizes and places; `width` is `outputs` filled up to whole vectors."""
