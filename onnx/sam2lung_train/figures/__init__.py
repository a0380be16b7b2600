"""Draws an evaluation. `draw` chooses and writes, `charts` draws the charts, `pictures` the cases. Needs matplotlib."""
