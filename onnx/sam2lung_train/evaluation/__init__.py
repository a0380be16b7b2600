"""Measures the built command line: what is measured is what people get. Needs no PyTorch.

Enters: cases, the command line, a bundle. Leaves: figures with intervals, tables in Markdown, JSON. `product` runs the
command line; `metrics`, `roughness`, `agreement`, `risk`, `froc` are the measures; `scores` is one nodule, `summary`
many, `tables` Markdown; `crops`, `whole_cts` and `slice_thickness` are the three evaluations.
"""
