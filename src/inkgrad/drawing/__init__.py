"""Drawing: strokes, and the one rasteriser that turns them into what the network sees."""
