"""Kernels that recognise in whole numbers of 8 bits; compiled only where somebody asks for them."""
