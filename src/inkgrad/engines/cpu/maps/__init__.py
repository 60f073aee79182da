"""Feature maps in slabs: the kernels for networks with norms, branches, and convolutions without a pool."""
