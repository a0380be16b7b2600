//! Looks through an ONNX graph before ONNX Runtime sees it: a bundle's graphs hold all of their data.
//!
//! ONNX Runtime would look for data in other files, by whatever path the graph names. So the graph is parsed to its
//! last byte by the rules of protobuf, and only the fields on the way to a tensor are kept (onnx.proto). What can't be
//! parsed to its end is refused: nobody knows what another parser would see behind that place.

use prost::{DecodeError, Message};

/// The operators of ONNX that draw random numbers. (A Dropout is not one of them: ONNX Runtime takes it out.)
const DRAWING: [&str; 6] =
    ["Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"];

/// Why a graph isn't given to ONNX Runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The data of the tensor of this name lie in another file.
    External(String),
    /// It can't be parsed to its end.
    NotWhole(String),
    /// It is in ONNX Runtime's own format, which this library doesn't look through.
    OrtFormat,
    /// An operator of this name draws numbers of its own, so that no run could be repeated.
    Draws(String),
}

impl From<DecodeError> for Problem {
    fn from(error: DecodeError) -> Self {
        Problem::NotWhole(error.to_string())
    }
}

#[derive(Message)]
struct Model {
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
    #[prost(message, repeated, tag = "20")]
    training_info: Vec<Training>,
    #[prost(message, repeated, tag = "25")]
    functions: Vec<Function>,
}

#[derive(Message)]
struct Training {
    #[prost(message, optional, tag = "1")]
    initialization: Option<Graph>,
    #[prost(message, optional, tag = "2")]
    algorithm: Option<Graph>,
}

#[derive(Message)]
struct Graph {
    #[prost(message, repeated, tag = "1")]
    node: Vec<Node>,
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<Tensor>,
    #[prost(message, repeated, tag = "15")]
    sparse_initializer: Vec<SparseTensor>,
}

#[derive(Message)]
struct Function {
    #[prost(message, repeated, tag = "7")]
    node: Vec<Node>,
    #[prost(message, repeated, tag = "11")]
    attribute_proto: Vec<Attribute>,
}

#[derive(Message)]
struct Node {
    #[prost(bytes = "vec", tag = "4")]
    op_type: Vec<u8>,
    #[prost(message, repeated, tag = "5")]
    attribute: Vec<Attribute>,
}

#[derive(Message)]
struct Attribute {
    #[prost(message, optional, tag = "5")]
    t: Option<Tensor>,
    #[prost(message, optional, boxed, tag = "6")]
    g: Option<Box<Graph>>,
    #[prost(message, repeated, tag = "10")]
    tensors: Vec<Tensor>,
    #[prost(message, repeated, tag = "11")]
    graphs: Vec<Graph>,
    #[prost(message, optional, tag = "22")]
    sparse_tensor: Option<SparseTensor>,
    #[prost(message, repeated, tag = "23")]
    sparse_tensors: Vec<SparseTensor>,
}

#[derive(Message)]
struct SparseTensor {
    #[prost(message, optional, tag = "1")]
    values: Option<Tensor>,
    #[prost(message, optional, tag = "2")]
    indices: Option<Tensor>,
}

#[derive(Message)]
struct Tensor {
    // No `string`: onnx.proto is of proto2, where a name need not be UTF-8.
    #[prost(bytes = "vec", tag = "8")]
    name: Vec<u8>,
    #[prost(bytes = "vec", repeated, tag = "13")]
    external_data: Vec<Vec<u8>>,
    /// 0: inside, 1: in another file; ONNX has no further value.
    #[prost(int32, tag = "14")]
    data_location: i32,
}

/// Refuses a serialised ONNX model whose data lie outside it, or that can't be looked through.
///
/// # Errors
/// The first [`Problem`].
pub fn check(model: &[u8]) -> Result<(), Problem> {
    // The identifier of a FlatBuffers file, by which ONNX Runtime tells its own format from protobuf.
    if model.get(4..8) == Some(b"ORTM".as_slice()) {
        return Err(Problem::OrtFormat);
    }
    let model = Model::decode(model)?;
    let training = model.training_info.iter().flat_map(|info| [&info.initialization, &info.algorithm]);
    model.graph.iter().chain(training.flatten()).try_for_each(check_graph)?;
    model.functions.iter().try_for_each(|function| {
        check_nodes(&function.node)?;
        function.attribute_proto.iter().try_for_each(check_attribute)
    })
}

fn check_graph(graph: &Graph) -> Result<(), Problem> {
    graph.initializer.iter().try_for_each(check_tensor)?;
    graph.sparse_initializer.iter().try_for_each(check_sparse)?;
    check_nodes(&graph.node)
}

fn check_nodes(nodes: &[Node]) -> Result<(), Problem> {
    let draws = |node: &&Node| DRAWING.iter().any(|name| node.op_type == name.as_bytes());
    if let Some(node) = nodes.iter().find(draws) {
        return Err(Problem::Draws(String::from_utf8_lossy(&node.op_type).into_owned()));
    }
    nodes.iter().flat_map(|node| &node.attribute).try_for_each(check_attribute)
}

fn check_attribute(attribute: &Attribute) -> Result<(), Problem> {
    attribute.t.iter().chain(&attribute.tensors).try_for_each(check_tensor)?;
    attribute.sparse_tensor.iter().chain(&attribute.sparse_tensors).try_for_each(check_sparse)?;
    // Graphs within graphs: the parser has a limit of its own for how deep that goes.
    attribute.g.iter().map(AsRef::as_ref).chain(&attribute.graphs).try_for_each(check_graph)
}

fn check_sparse(tensor: &SparseTensor) -> Result<(), Problem> {
    tensor.values.iter().chain(&tensor.indices).try_for_each(check_tensor)
}

fn check_tensor(tensor: &Tensor) -> Result<(), Problem> {
    if tensor.data_location == 0 && tensor.external_data.is_empty() {
        return Ok(());
    }
    Err(Problem::External(String::from_utf8_lossy(&tensor.name).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field that holds bytes; all numbers here fit one byte of a varint.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let tag = (u64::from(number) << 3) | 2;
        let mut out = Vec::new();
        for mut v in [tag, bytes.len() as u64] {
            while v > 0x7f {
                out.push(v as u8 | 0x80);
                v >>= 7;
            }
            out.push(v as u8);
        }
        [out, bytes.to_vec()].concat()
    }

    fn tensor(location: u8) -> Vec<u8> {
        [field(8, b"w"), vec![14 << 3, location]].concat()
    }

    fn external(name: &str) -> Result<(), Problem> {
        Err(Problem::External(name.into()))
    }

    #[test]
    fn check_external_tensor_is_found_wherever_a_tensor_may_be() {
        let in_attribute = |tensor: &[u8]| field(7, &field(1, &field(5, &field(5, tensor))));
        let in_subgraph = |tensor: &[u8]| field(7, &field(1, &field(5, &field(6, &field(5, tensor)))));
        let in_function = |tensor: &[u8]| field(25, &field(7, &field(5, &field(10, tensor))));
        let in_training = |tensor: &[u8]| field(20, &field(2, &field(5, tensor)));
        let sparse = |tensor: &[u8]| field(7, &field(15, &field(1, tensor)));
        let plain = |tensor: &[u8]| field(7, &field(5, tensor));
        // Two fields `graph` are one message to every parser.
        let twice = |tensor: &[u8]| [field(7, &[]), field(7, &field(5, tensor))].concat();
        type Place<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
        let places: [Place<'_>; 7] = [&plain, &in_attribute, &in_subgraph, &in_function, &in_training, &sparse, &twice];
        for place in places {
            assert_eq!(check(&place(&tensor(1))), external("w"));
            assert_eq!(check(&place(&tensor(0))), Ok(()));
            assert_eq!(check(&place(&field(13, b"x"))), external(""));
        }
    }

    #[test]
    fn check_operator_that_draws_is_found_in_subgraphs_too() {
        let node = |operator: &[u8], inside: &[u8]| field(1, &[field(4, operator), field(5, inside)].concat());
        let draws = node(b"RandomNormalLike", &[]);
        for graph in [field(7, &draws), field(7, &node(b"If", &field(6, &draws)))] {
            assert_eq!(check(&graph), Err(Problem::Draws("RandomNormalLike".into())));
        }
        assert_eq!(check(&field(7, &node(b"Dropout", &[]))), Ok(()));
    }

    #[test]
    fn check_external_tensor_behind_unknown_fields_is_found() {
        // Field 1000: a group that begins and ends; a number; eight bytes; four bytes; a text.
        let unknown: [&[u8]; 5] = [
            &[0xc3, 0x3e, 0xc4, 0x3e],
            &[0xc0, 0x3e, 0x07],
            &[0xc1, 0x3e, 1, 2, 3, 4, 5, 6, 7, 8],
            &[0xc5, 0x3e, 1, 2, 3, 4],
            &[0xc2, 0x3e, 2, b'h', b'i'],
        ];
        for front in unknown {
            let hidden = [front, &field(7, &[front, &field(5, &[front, &tensor(1)].concat())].concat())].concat();
            assert_eq!(check(&hidden), external("w"), "{front:x?}");
        }
    }

    #[test]
    fn check_location_is_the_number_that_is_left_of_a_longer_one() {
        // 2^32 + 1 in a field of 32 bits is 1 (protobuf, "Encoding": varints are truncated).
        let long = [field(8, b"w"), vec![14 << 3, 0x81, 0x80, 0x80, 0x80, 0x10]].concat();
        assert_eq!(check(&field(7, &field(5, &long))), external("w"));
    }

    #[test]
    fn check_what_can_not_be_parsed_to_its_end_is_refused() {
        let good = field(7, &field(5, &tensor(0)));
        let (group_open, group_end, wire_type_6): (&[u8], &[u8], &[u8]) = (&[0xc3, 0x3e], &[0xc4, 0x3e], &[0x06]);
        for bad in [group_open, group_end, wire_type_6, &[0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f], &[0xff; 40], &[0]] {
            for bytes in [[bad, &good].concat(), [&good, bad].concat(), field(7, bad)] {
                assert!(matches!(check(&bytes), Err(Problem::NotWhole(_))), "{bytes:x?}");
            }
        }
        assert!(matches!(check(b"no graph"), Err(Problem::NotWhole(_))));
    }

    #[test]
    fn check_nesting_without_end_is_refused() {
        let graph = (0..2000).fold(tensor(1), |inner, _| field(1, &field(5, &field(6, &inner))));
        assert!(matches!(check(&field(7, &graph)), Err(Problem::NotWhole(_))));
    }

    #[test]
    fn check_onnx_runtimes_own_format_is_refused_even_where_it_is_protobuf_as_well() {
        // Field 15 with four bytes, the last two of which begin the identifier's place.
        let both = [&[0x7a, 8, 0, 0][..], b"ORTM", &[0, 0]].concat();
        assert!(Model::decode(both.as_slice()).is_ok());
        assert_eq!(check(&both), Err(Problem::OrtFormat));
    }
}
