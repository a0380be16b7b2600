//! Tiny ONNX graphs, written by the tests that load them (onnx.proto, of which these are the fields that are needed).

use prost::Message;

#[derive(Message)]
struct Model {
    #[prost(int64, tag = "1")]
    ir_version: i64,
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
    #[prost(message, repeated, tag = "8")]
    opset_import: Vec<Opset>,
}

#[derive(Message)]
struct Opset {
    #[prost(int64, tag = "2")]
    version: i64,
}

#[derive(Message)]
struct Graph {
    #[prost(message, repeated, tag = "1")]
    node: Vec<Node>,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<Tensor>,
    #[prost(message, repeated, tag = "11")]
    input: Vec<Info>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<Info>,
}

/// An operator.
#[derive(Message)]
pub struct Node {
    #[prost(string, repeated, tag = "1")]
    input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    output: Vec<String>,
    #[prost(string, tag = "4")]
    op_type: String,
    #[prost(message, repeated, tag = "5")]
    attribute: Vec<Attribute>,
}

#[derive(Message)]
struct Attribute {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int64, repeated, tag = "8")]
    ints: Vec<i64>,
    #[prost(int32, tag = "20")]
    type_: i32,
}

/// A constant.
#[derive(Message)]
pub struct Tensor {
    #[prost(int64, repeated, tag = "1")]
    dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    data_type: i32,
    #[prost(float, repeated, tag = "4")]
    float_data: Vec<f32>,
    #[prost(int64, repeated, tag = "7")]
    int64_data: Vec<i64>,
    #[prost(string, tag = "8")]
    name: String,
}

/// An input or output.
#[derive(Message)]
pub struct Info {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    type_: Option<Type>,
}

#[derive(Message)]
struct Type {
    #[prost(message, optional, tag = "1")]
    tensor_type: Option<TensorType>,
}

#[derive(Message)]
struct TensorType {
    #[prost(int32, tag = "1")]
    elem_type: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<Shape>,
}

#[derive(Message)]
struct Shape {
    #[prost(message, repeated, tag = "1")]
    dim: Vec<Dim>,
}

#[derive(Message)]
struct Dim {
    // Members of a oneof: one of them is there.
    #[prost(int64, optional, tag = "1")]
    value: Option<i64>,
    #[prost(string, optional, tag = "2")]
    name: Option<String>,
}

/// `TensorProto.DataType`.
pub const F32: i32 = 1;
pub const I64: i32 = 7;
pub const F16: i32 = 10;
pub const F64: i32 = 11;

/// `name`, of `shape`; -1 is any.
pub fn info(name: &str, of: i32, shape: &[i64]) -> Info {
    let dim = |(n, size): (usize, &i64)| match size {
        -1 => Dim { value: None, name: Some(format!("{name}{n}")) },
        size => Dim { value: Some(*size), name: None },
    };
    let shape = Shape { dim: shape.iter().enumerate().map(dim).collect() };
    Info {
        name: name.into(),
        type_: Some(Type { tensor_type: Some(TensorType { elem_type: of, shape: Some(shape) }) }),
    }
}

/// An operator from `input` to `output`.
pub fn node(op: &str, input: &[&str], output: &str) -> Node {
    let input = input.iter().map(|name| name.to_string()).collect();
    Node { input, output: vec![output.into()], op_type: op.into(), attribute: Vec::new() }
}

/// MaxPool of squares of two pixels.
pub fn pool(input: &str, output: &str) -> Node {
    let ints = |name: &str| Attribute { name: name.into(), ints: vec![2, 2], type_: 7 };
    Node { attribute: vec![ints("kernel_shape"), ints("strides")], ..node("MaxPool", &[input], output) }
}

/// Numbers that a graph holds.
pub fn constant(name: &str, dims: &[i64], numbers: &[f32]) -> Tensor {
    let (dims, name) = (dims.to_vec(), name.into());
    Tensor { dims, data_type: F32, float_data: numbers.to_vec(), int64_data: Vec::new(), name }
}

/// Whole numbers that a graph holds.
pub fn whole(name: &str, numbers: &[i64]) -> Tensor {
    let (dims, name) = (vec![numbers.len() as i64], name.into());
    Tensor { dims, data_type: I64, float_data: Vec::new(), int64_data: numbers.to_vec(), name }
}

/// The bytes of a graph.
pub fn graph(node: Vec<Node>, initializer: Vec<Tensor>, input: Vec<Info>, output: Vec<Info>) -> Vec<u8> {
    let graph = Graph { node, name: "made".into(), initializer, input, output };
    Model { ir_version: 8, graph: Some(graph), opset_import: vec![Opset { version: 17 }] }.encode_to_vec()
}
