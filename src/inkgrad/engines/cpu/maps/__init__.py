"""Kernels for feature maps of which every number counts: behind norms and in branches.

Begin reading at `steps` (what is done when), then `convolution` and `winograd`.
"""
