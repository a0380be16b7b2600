"""Trains and calibrates.

In the order in which a bundle is made: `windows` and `losses`, `train_segmenter`, `calibrate_segmenter`, `find`
(`findings`, `reconstructions`), `train_classifier`, `calibrate_classifier`, `fit_uncertainty`. Experiments: `ablate`,
`compare_uncertainty`.
"""
