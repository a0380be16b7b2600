"""Trains, exports and measures the networks of sam2lung.

Sub-packages, each of which may import those before it and none after it:

- `data`: what the training reads, from the shared data or from the originals.
- `networks`: the networks, in PyTorch.
- `export`: a trained network as a bundle.
- `evaluation`: runs the built command line and measures what it says. Needs no PyTorch.
- `training`: trains and calibrates.
- `figures`: draws an evaluation.
- `cli`: the one command line, `sam2lung-train`.

Beside them: `config` (what defines the default network), `systems` (the U-Nets of the field), `paths`, `run_folder`
(the files of one training), `make_chain` and `make_bundle` (all `steps`, one after the other), `errors`, `progress`,
`memory`.
"""
