"""Ladders: each operation from the plain loop to the engine's kernel, in steps that can be read.

============ ======================================================================================
convolution  with ReLU and 2×2 pooling: loops, vectors, a tile of sums, Winograd, pooled in the tile
backprop     the way back through all three: from the list of winners, by bits
pool         ReLU and 2×2 pooling alone, and who won
dense        a dense layer there and back: rows, chunks for the first cache, live numbers only
engine       the top of each: the engine's own kernel, called as the engine calls it
climb        checks each rung against the one before, and times all of them in turn
rung         what a rung is
============ ======================================================================================

The rungs are to be read, in `docs/ladder/`, and timed, by ``python -m bench ladder``; nothing that
is installed uses them. As in karpathy/llm.c's ``dev/cuda``, each is short, computes what the one
before computes, and changes one thing. Kernels are compiled by a plain `numba.njit`, so that Python
can call them, out of the words of `inkgrad.engines.cpu.simd`.
"""
