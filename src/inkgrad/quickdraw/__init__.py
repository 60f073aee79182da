"""Quick, Draw!: the data set, its categories, files and splits, and drawings of our own making."""
