//! Bundles and the only place that knows ONNX Runtime.
