"""The library's look through a bundle's graphs, against the parser that ONNX itself has (Google's protobuf).

A graph that hides a tensor with its data in another file from the library, and shows it to ONNX Runtime, would make a run read
that file. So whatever the library accepts, ONNX's parser must see no such tensor in it. The other way round the library may be
stricter. Mutations are the same on every machine: their number is their seed.
"""

import ctypes
import hashlib
import json
import os
import random
from pathlib import Path

import onnx
import pytest
from google.protobuf.message import DecodeError

MUTATIONS = 4000
EXTERNAL = "lie in another file"


class Library:
    """`sam2lung_bundle_open` of the built library, with one graph exchanged."""

    def __init__(self, path, bundle, folder):
        self.lib = ctypes.CDLL(str(path))
        self.lib.sam2lung_error_message.restype = ctypes.c_char_p
        self.lib.sam2lung_error_message.argtypes = self.lib.sam2lung_error_free.argtypes = [ctypes.c_void_p]
        self.lib.sam2lung_bundle_free.argtypes = [ctypes.c_void_p]
        self.contract = json.loads((bundle / "model.json").read_text())
        self.folder = folder
        (folder / "decoder.onnx").write_bytes((bundle / "decoder.onnx").read_bytes())

    def refusal(self, graph):
        """Why it doesn't take the bytes as its encoder; None where it does."""
        self.contract["encoder"]["sha256"] = hashlib.sha256(graph).hexdigest()
        (self.folder / "encoder.onnx").write_bytes(graph)
        (self.folder / "model.json").write_text(json.dumps(self.contract))
        bundle, error = ctypes.c_void_p(), ctypes.c_void_p()
        self.lib.sam2lung_bundle_open(str(self.folder).encode(), ctypes.byref(bundle), ctypes.byref(error))
        if bundle:
            self.lib.sam2lung_bundle_free(bundle)
            return None
        message = self.lib.sam2lung_error_message(error).decode()
        self.lib.sam2lung_error_free(error)
        return message


@pytest.fixture(scope="module")
def library(bundles, tmp_path_factory):
    program = os.environ.get("SAM2LUNG_BIN")
    path = Path(program).with_name("libsam2lung.so") if program else None
    if path is None or not path.is_file():
        pytest.skip("SKIPPED: no libsam2lung.so beside SAM2LUNG_BIN (run 'cargo xtask test --only python')")
    return Library(path, bundles / "tiny-identity", tmp_path_factory.mktemp("bundle"))


def tensors(message):
    """Every tensor in a message, at any depth."""
    if isinstance(message, onnx.TensorProto):
        yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if isinstance(value, (list, tuple)) or hasattr(value, "add") else [value]:
                yield from tensors(inner)


def external(graph):
    """Whether ONNX sees a tensor whose data lie elsewhere; None where it can't parse the bytes."""
    model = onnx.ModelProto()
    try:
        model.ParseFromString(graph)
    except DecodeError:
        return None
    return any(t.data_location == onnx.TensorProto.EXTERNAL or t.external_data for t in tensors(model))


def outside(name="w"):
    tensor = onnx.TensorProto(name=name, data_type=onnx.TensorProto.FLOAT, dims=[64])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return tensor


def places():
    """Models with such a tensor in each place that onnx.proto has for one."""
    made = {}

    def model(name):
        made[name] = onnx.ModelProto(ir_version=8, producer_name="test")
        made[name].graph.name = name
        return made[name]

    model("initializer").graph.initializer.append(outside())
    model("sparse values").graph.sparse_initializer.add().values.CopyFrom(outside())
    model("sparse indices").graph.sparse_initializer.add().indices.CopyFrom(outside())
    model("attribute").graph.node.add().attribute.add().t.CopyFrom(outside())
    model("attributes").graph.node.add().attribute.add().tensors.append(outside())
    model("sparse attribute").graph.node.add().attribute.add().sparse_tensor.values.CopyFrom(outside())
    model("sparse attributes").graph.node.add().attribute.add().sparse_tensors.add().values.CopyFrom(outside())
    model("subgraph").graph.node.add().attribute.add().g.initializer.append(outside())
    model("subgraphs").graph.node.add().attribute.add().graphs.add().initializer.append(outside())
    model("function").functions.add().node.add().attribute.add().t.CopyFrom(outside())
    model("default of a function").functions.add().attribute_proto.add().t.CopyFrom(outside())
    model("training").training_info.add().algorithm.initializer.append(outside())
    model("start of training").training_info.add().initialization.initializer.append(outside())
    return {name: message.SerializeToString() for name, message in made.items()}


def unknown(draw):
    """Bytes of a field that no message of ONNX has, good or bad."""
    key = 8 * draw.choice([27, 100, 1000, 100000])

    def varint(number):
        out = bytearray()
        while number > 0x7F:
            out.append(number & 0x7F | 0x80)
            number >>= 7
        return bytes(out) + bytes([number])

    body = bytes(draw.randrange(256) for _ in range(draw.randrange(6)))
    return draw.choice(
        [
            varint(key + 3) + varint(key + 4),
            varint(key + 3) + varint(key) + b"\x07" + varint(key + 4),
            varint(key + 3) + varint(key + 3) + varint(key + 4) + varint(key + 4),
            varint(key) + varint(draw.randrange(1 << 64)),
            varint(key + 1) + b"12345678",
            varint(key + 5) + b"1234",
            varint(key + 2) + varint(len(body)) + body,
            varint(key + 4),
            varint(key + 6),
            varint(key + (1 << 33)) + b"\x00",
            b"\x00\x00",
            b"\x70\x81\x80\x80\x80\x10",
            b"\x70\x80\x80\x80\x80\x10",
        ]
    )


def mutated(number, seeds):
    """One of `seeds` with up to three changes."""
    draw = random.Random(number)
    graph = bytearray(draw.choice(seeds))
    for _ in range(draw.randrange(4)):
        at = draw.choice([0, len(graph), draw.randrange(len(graph) + 1)])
        change = draw.randrange(6)
        if change <= 1:
            graph[at:at] = unknown(draw)
        elif change == 2 and at < len(graph):
            graph[at] ^= 1 << draw.randrange(8)
        elif change == 3:
            graph[at:at] = draw.choice(seeds)
        elif change == 4:
            del graph[at : at + draw.randrange(1, 8)]
        elif at < len(graph):
            graph[at] = draw.choice([0, 1, 0x7F, 0x80, 0xFF])
    return bytes(graph)


def test_tensors_elsewhere_are_refused_in_each_place_and_behind_a_group(library):
    group = b"\xc3\x3e\xc4\x3e"  # field 1000 begins and ends: ONNX Runtime goes on behind it
    for name, graph in places().items():
        assert external(graph) and external(group + graph)
        assert EXTERNAL in library.refusal(graph), name
        assert EXTERNAL in library.refusal(group + graph), name


def test_graphs_of_the_committed_bundles_are_taken(library, bundles):
    for graph in sorted(bundles.glob("*/*.onnx")):
        assert library.refusal(graph.read_bytes()) is None, graph


def test_mutated_graphs_that_are_taken_show_onnx_no_tensor_elsewhere(library, bundles):
    seeds = [*places().values(), *(path.read_bytes() for path in sorted(bundles.glob("*/*.onnx")))]
    taken = refused = elsewhere = 0
    for number in range(MUTATIONS):
        graph = mutated(number, seeds)
        why, seen = library.refusal(graph), external(graph)
        assert why is not None or not seen, f"mutation {number} hides a tensor: {graph.hex()}"
        taken += why is None
        refused += why is not None
        elsewhere += bool(seen)
    # Mutations that hit nothing would test nothing.
    assert min(taken, refused - elsewhere, elsewhere) > MUTATIONS // 20, (taken, refused, elsewhere)
