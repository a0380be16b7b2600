"""A trained network as a bundle.

Enters: PyTorch networks and what the calibration chose. Leaves: a folder with ONNX files and model.json. `graphs`
writes the ONNX files, `contract` is the only place that knows the fields of model.json, `bundle` puts both together,
`parity` compares the graphs with PyTorch.
"""
