//! Finds tensors of an ONNX graph whose data lie in other files: a bundle's graphs hold all of theirs.
//!
//! ONNX Runtime would look for such files, by whatever path the graph names. Only the protobuf fields on the way to a
//! tensor are followed (onnx.proto); what isn't protobuf is left for ONNX Runtime to refuse.

/// Deepest nesting of messages that is followed: graphs within attributes within graphs.
const MOST_DEPTH: usize = 64;
/// Number of TensorProto.data_location; its value 1 means another file.
const DATA_LOCATION: u64 = 14;
/// Number of TensorProto.external_data: where in which file.
const EXTERNAL_DATA: u64 = 13;
/// Number of TensorProto.name.
const TENSOR_NAME: u64 = 8;

/// Messages on the way to a tensor.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Training,
    Graph,
    Function,
    Node,
    Attribute,
    SparseTensor,
    Tensor,
}

impl Message {
    /// What the field of this number holds, if that may hold tensors.
    fn field(self, number: u64) -> Option<Message> {
        Some(match (self, number) {
            (Message::Model, 7) | (Message::Training, 1 | 2) | (Message::Attribute, 6 | 11) => Message::Graph,
            (Message::Model, 20) => Message::Training,
            (Message::Model, 25) => Message::Function,
            (Message::Graph, 1) | (Message::Function, 7) => Message::Node,
            (Message::Graph, 5) | (Message::Attribute, 5 | 10) | (Message::SparseTensor, 1 | 2) => Message::Tensor,
            (Message::Graph, 15) | (Message::Attribute, 22 | 23) => Message::SparseTensor,
            (Message::Node, 5) | (Message::Function, 11) => Message::Attribute,
            _ => return None,
        })
    }
}

/// Name of the first tensor of a serialised ONNX model whose data lie outside it.
///
/// Nesting that is too deep to be looked through counts as well.
pub fn first_external(model: &[u8]) -> Option<String> {
    find(model, Message::Model, 0)
}

fn find(message: &[u8], kind: Message, depth: usize) -> Option<String> {
    if depth > MOST_DEPTH {
        return Some("(nested too deeply)".into());
    }
    let (mut name, mut external) = ("", false);
    for (number, value) in Fields(message) {
        match (kind, value) {
            (Message::Tensor, Value::Number(1)) if number == DATA_LOCATION => external = true,
            (Message::Tensor, Value::Bytes(_)) if number == EXTERNAL_DATA => external = true,
            (Message::Tensor, Value::Bytes(text)) if number == TENSOR_NAME => {
                name = std::str::from_utf8(text).unwrap_or_default();
            }
            (_, Value::Bytes(inner)) => {
                let found = kind.field(number).and_then(|inside| find(inner, inside, depth + 1));
                if found.is_some() {
                    return found;
                }
            }
            _ => (),
        }
    }
    external.then(|| name.to_owned())
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Other,
}

/// The fields of a protobuf message: number and value. Ends at the first that makes no sense.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self, count: u64) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(usize::try_from(count).ok()?)?;
        self.0 = rest;
        Some(bytes)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.bytes(8).map(|_| Value::Other)?,
            2 => {
                let count = self.varint()?;
                Value::Bytes(self.bytes(count)?)
            }
            5 => self.bytes(4).map(|_| Value::Other)?,
            _ => return None,
        };
        Some((tag >> 3, value))
    }
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

    #[test]
    fn first_external_is_found_wherever_a_tensor_may_be() {
        let in_attribute = |tensor: &[u8]| field(7, &field(1, &field(5, &field(5, tensor))));
        let in_subgraph = |tensor: &[u8]| field(7, &field(1, &field(5, &field(6, &field(5, tensor)))));
        let in_function = |tensor: &[u8]| field(25, &field(7, &field(5, &field(10, tensor))));
        let sparse = |tensor: &[u8]| field(7, &field(15, &field(1, tensor)));
        let plain = |tensor: &[u8]| field(7, &field(5, tensor));
        type Place<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
        let places: [Place<'_>; 5] = [&plain, &in_attribute, &in_subgraph, &in_function, &sparse];
        for place in places {
            assert_eq!(first_external(&place(&tensor(1))).as_deref(), Some("w"));
            assert_eq!(first_external(&place(&tensor(0))), None);
            assert_eq!(first_external(&place(&field(13, b"x"))).as_deref(), Some(""));
        }
    }

    #[test]
    fn first_external_in_nesting_without_end_stops() {
        let graph = (0..2000).fold(tensor(1), |inner, _| field(1, &field(5, &field(6, &inner))));
        assert!(first_external(&field(7, &graph)).is_some());
    }

    #[test]
    fn first_external_of_what_is_no_protobuf_is_none() {
        for bytes in [&b"no graph"[..], &[0xff; 40], &[], &[0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f]] {
            assert_eq!(first_external(bytes), None);
        }
    }
}
