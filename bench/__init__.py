"""Side by side with what a user would pick instead: `python -m bench --help`.

============== ========================================================================
training       a training step of the seed network, beside PyTorch, JAX and NumPy
inference      one drawing and many, beside ONNX Runtime, OpenVINO and PyTorch
job            the whole of `inkgrad train` as a process, beside a plain PyTorch script
networks       training of other networks, beside PyTorch
contention     training beside a process that keeps one core busy
memory         what training takes, and whether it grows
phases         where the time of a training step goes
ladder         each operation from the plain loop to the engine's kernel, rung by rung
segments       what a layer costs that the fast engine's kernels do not know
startup        how long the program takes to start
raster         strokes to pixels, beside cairo, Skia and Pillow; how near to Google's
simplification raw strokes to simplified ones; how often exactly Google's
============== ========================================================================

Contestants take turns, each round in the opposite order, and the median of the rounds counts;
ratios are taken within a round. Before any clock runs it is checked that all compute the same.
PyTorch is at its best: eager and compiled, in both memory layouts, Adam fused, and glibc's
allocator tuned. With ``--max-isa avx2`` training, inference, networks and phases are measured as
on a processor without AVX-512. A rival that is not installed is left out. Skia needs Debian's
``libgl1`` and ``libegl1``, cairo ``libcairo2``, and our JavaScript ``nodejs``.

Each command prints a table, writes its rows to ``--json FILE`` and draws a plot beside it, or to
``--plot FILE``.
"""
