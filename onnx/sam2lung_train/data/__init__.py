"""What the training and the evaluation read.

Enters: the shared data folder, the originals (`originals`), phantoms. Leaves: `items.Stack`, `items.Whole`,
`cases.Case`; HU, arrays [slice k, row j, column i], k from the feet, spacings in mm in the same order. Knows nothing of
networks.
"""
