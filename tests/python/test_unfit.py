"""Bundles whose graphs are not what model.json says, made here from the tiny ones: refused by name before a run."""

import hashlib

import numpy as np
import pytest
from by_hand import changed
from tiny_models.graphs import Graph

def with_graph(folder, file, graph):
    """Puts `graph` in a file's place and its hash into model.json."""
    old = hashlib.sha256((folder / file).read_bytes()).hexdigest()
    (folder / file).write_bytes(graph)
    text = (folder / "model.json").read_text()
    assert old in text
    (folder / "model.json").write_text(text.replace(old, hashlib.sha256(graph).hexdigest()))


@pytest.fixture
def refused(sam2lung, bundles, tmp_path):
    """What is said of a tiny bundle with another graph, or another model.json."""

    def load(name, file=None, graph=None, change=lambda contract: None):
        folder = changed(bundles / name, tmp_path / "bundle", change)
        if file:
            with_graph(folder, file, graph)
        done = sam2lung("segment", "ct.nii.gz", "--output", tmp_path / "out", "--model", folder, "--device", "cpu")
        assert done.returncode == 1 and not (tmp_path / "out").exists()
        assert "panicked" not in done.stderr
        return done.stderr

    return load


def ignoring(shape, name, *random):
    """logit = 16 e - 6 once a sample, whatever the random input says."""
    g = Graph("ignoring")
    e = g.input(name, 1, 1, *shape)
    drawn = g.input(*random)
    batch = g.node("Shape", drawn, end=1)
    ones = g.constant([1] * (len(shape) + 1), np.int64)
    e = g.node("Expand", e, g.node("Concat", batch, ones, axis=0))
    g.output(g.sum(g.product(e, 16.0), -6.0), "logits", "T", 1, *shape)
    return g.bytes()


@pytest.mark.parametrize(
    "bundle, file, graph, name",
    [
        ("tiny-noise", "decoder.onnx", lambda: ignoring(("H", "W"), "e", "noise", "T", 2), "'noise'"),
        ("tiny-patch-dropout", "graph1.onnx", lambda: ignoring("DHW", "image", "drop0", "T", 1, 1, 1, 1), "'drop0'"),
    ],
    ids=["noise", "dropout of the second member"],
)
def test_random_input_that_changes_nothing_is_refused(refused, bundle, file, graph, name):
    text = refused(bundle, file, graph())
    assert text.startswith("E_MODEL_BUNDLE: ") and file in text and f"{name} changes nothing" in text


def affine(image="image", logits="logits", channels=1, classes=1, precision=np.float32, size=("H", "W"), extra=None):
    """As tiny-plain's graph, but for what is named otherwise."""
    g = Graph("affine", precision)
    x = g.input(image, 1, channels, *size)
    if extra:
        x = g.node("Add", x, g.input(extra, 1, 1, 1, 1))
    mean = g.node("ReduceMean", x, axes=[1], keepdims=1)
    g.output(g.product(mean, np.ones((classes, 1, 1))), logits, 1, classes, *size)
    return g.bytes()


@pytest.mark.parametrize(
    "graph, words",
    [
        (dict(image="picture"), ["'image'"]),
        (dict(logits="other"), ["'logits'"]),
        (dict(extra="gain"), ["'gain'"]),
        (dict(channels=3), ["'image'", "3"]),
        (dict(classes=2), ["'logits'", "2"]),
        (dict(precision=np.float64), ["'image'"]),
    ],
    ids=["input", "output", "unknown input", "channels", "classes", "precision"],
)
def test_tensors_that_are_not_those_of_model_json_are_refused(refused, graph, words):
    text = refused("tiny-plain", "graph.onnx", affine(**graph))
    assert text.startswith("E_MODEL_SHAPE: ") and "graph.onnx" in text
    assert [word for word in words if word not in text] == []


def two_channels(source, target, encoder):
    """tiny-members' third member with an embedding of two channels."""
    g = Graph("two")
    x = g.input(source, 1, 1 if encoder else 2, "H", "W")
    weights = np.ones((2, 1, 1, 1)) if encoder else np.ones((1, 2, 1, 1))
    g.output(g.node("Conv", x, weights, kernel_shape=[1, 1]), target, 1, 2 if encoder else 1, "H", "W")
    return g.bytes()


@pytest.mark.parametrize(
    "file, tensors", [("encoder2.onnx", ("image", "e", True)), ("decoder2.onnx", ("e", "logits", False))]
)
def test_member_that_differs_in_shape_is_refused(refused, file, tensors):
    text = refused("tiny-members", file, two_channels(*tensors))
    assert text.startswith("E_MODEL_SHAPE: ") and file in text and "'e'" in text


def test_box_of_another_size_than_the_graph_s_is_refused(refused):
    def change(contract):
        contract["segment"]["grid"]["size"] = [4, 8, 16]

    text = refused("tiny-patch", change=change)
    assert text.startswith("E_MODEL_SHAPE: ") and "graph.onnx" in text and "16" in text


def test_bundle_whose_samples_do_not_reach_every_member_is_refused(refused):
    def change(contract):
        contract["sampling"]["samples"] = 2

    text = refused("tiny-members", change=change)
    assert text.startswith("E_MODEL_BUNDLE: ") and "sampling.samples" in text and "3" in text
