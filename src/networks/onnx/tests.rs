//! Networks of tiny graphs whose answers are known by hand.

use ndarray::{Array2, ArrayD, array, s};

use super::{
    super::network::{Draws, Fed, Network, Window},
    Bridge, OnnxNetwork, Setting,
    made::{F16, F32, F64, Info, Node, constant, graph, info, node, pool, whole},
};
use crate::{
    contract::network::Network as Contract,
    error::Result,
    progress::{CancelToken, Monitor},
    runtime::{
        device::Device,
        lanes::Calls,
        load::{Request, Source, load},
    },
};

/// A slice network of one class with a dropout input; `members` as the contract lists them.
fn slices(members: &str, tensors: &str) -> Contract {
    let json = format!(
        r#"{{ "kind": "slice", "grid": {{ "multiple": 2 }}, "members": {members}, "tensors": {tensors},
             "random": {{ "dropout": [{{ "input": "drop", "channels": 1, "rate": 0.5 }}] }} }}"#
    );
    serde_json::from_str(&json).expect("as the contract has it")
}

const SPLIT: &str = r#"{ "image": "x", "logits": "y", "embeddings": [
    { "name": "e0", "channels": 1, "stride": 1 }, { "name": "e1", "channels": 1, "stride": 2 }] }"#;
const SINGLE: &str = r#"{ "image": "x", "logits": "y" }"#;

fn split_member(encoder: &str, decoder: &str) -> String {
    let file = |name: &str| format!(r#"{{ "file": "{name}", "sha256": "" }}"#);
    format!(r#"{{ "encoder": {}, "decoder": {} }}"#, file(encoder), file(decoder))
}

fn single_member(file: &str) -> String {
    format!(r#"{{ "graph": {{ "file": "{file}", "sha256": "" }} }}"#)
}

/// e0 = x, e1 = the largest of each square of two pixels.
fn encoder(of: i32) -> Vec<u8> {
    let outputs = vec![info("e0", of, &[1, 1, -1, -1]), info("e1", of, &[1, 1, -1, -1])];
    let nodes = vec![node("Identity", &["x"], "e0"), pool("x", "e1")];
    graph(nodes, vec![], vec![info("x", of, &[1, 1, -1, -1])], outputs)
}

/// y = gain · drop · e0 + e1, of twice its size.
fn decoder(gain: f32) -> Vec<u8> {
    let constants = vec![constant("gain", &[1], &[gain]), constant("scales", &[4], &[1.0, 1.0, 2.0, 2.0])];
    let nodes = vec![
        node("Mul", &["e0", "drop"], "dropped"),
        node("Mul", &["dropped", "gain"], "a"),
        node("Resize", &["e1", "", "scales"], "b"),
        node("Add", &["a", "b"], "y"),
    ];
    let inputs = ["e0", "e1"].map(|name| info(name, F32, &[1, 1, -1, -1]));
    let inputs = inputs.into_iter().chain([info("drop", F32, &[-1, 1, 1, 1])]).collect();
    graph(nodes, constants, inputs, vec![info("y", F32, &[-1, 1, -1, -1])])
}

/// From `x` and a dropout input, of rank 4, to `y`.
fn single(nodes: Vec<Node>, of: i32) -> Vec<u8> {
    let inputs = vec![info("x", of, &[1, 1, -1, -1]), info("drop", of, &[-1, 1, 1, 1])];
    graph(nodes, vec![], inputs, vec![info("y", of, &[-1, 1, -1, -1])])
}

/// Loads and tries a network of one class over one volume.
fn loaded(contract: &Contract, files: &[(&str, Vec<u8>)]) -> Result<OnnxNetwork> {
    let sources =
        files.iter().map(|(file, bytes)| Source { name: format!("test {file}"), file, bytes, calls: Calls::Split });
    let sources = sources.collect();
    let request = Request { origin: "test".into(), sources, trials: 2, device: Device::Cpu, threads: 2, most_lanes: 2 };
    let setting =
        Setting { origin: "test".into(), field: "segment".into(), channels: 1, classes: 1, bridge: Bridge::default() };
    let made = load(&request, &mut Monitor::silent(), |graphs, steps| {
        let mut network = OnnxNetwork::new(contract, setting.clone(), graphs)?;
        network.try_out(network.members(), steps)?;
        Ok(network)
    });
    Ok(made?.0)
}

fn refused(contract: &Contract, files: &[(&str, Vec<u8>)]) -> (&'static str, String) {
    let error = loaded(contract, files).map(drop).expect_err("it has to be refused");
    (error.name(), error.to_string())
}

/// Draws of one dropout channel a sample.
fn dropped(factors: &[f32]) -> Draws {
    let column = Array2::from_shape_vec((factors.len(), 1), factors.to_vec()).expect("one channel");
    Draws { samples: factors.len(), dropout: vec![column], noise: Vec::new() }
}

/// 0, 1, 2 … over a slice of 6 × 8 pixels.
fn ramp() -> ArrayD<f32> {
    ArrayD::from_shape_vec(vec![1, 1, 6, 8], (0..48).map(|n| n as f32).collect()).expect("48 pixels")
}

/// What [`decoder`] makes of [`ramp`].
fn by_hand(gain: f32, factor: f32, row: usize, column: usize) -> f32 {
    let pixel = |row: usize, column: usize| (8 * row + column) as f32;
    gain * factor * pixel(row, column) + pixel(row / 2 * 2 + 1, column / 2 * 2 + 1)
}

#[test]
fn decode_of_a_window_is_that_part_of_the_whole_for_embeddings_of_any_stride() {
    let contract = slices(&format!("[{}]", split_member("e", "d")), SPLIT);
    let mut network = loaded(&contract, &[("e", encoder(F32)), ("d", decoder(3.0))]).unwrap();
    let cancel = CancelToken::new();
    let encoded = network.encode(0, ramp().view(), &[], &cancel).unwrap();
    let draws = dropped(&[0.0, 2.0]);
    let whole = network.decode(&encoded, None, &draws, Fed::default(), &cancel).unwrap();
    assert_eq!(whole.shape(), [2, 1, 6, 8]);
    for ((sample, factor), row, column) in [(0, 0.0), (1, 2.0)].into_iter().flat_map(|s| (0..6).map(move |r| (s, r, 5)))
    {
        assert_eq!(whole[[sample, 0, row, column]], by_hand(3.0, factor, row, column));
    }
    for window in [Window { row: 2, column: 4, height: 4, width: 2 }, Window { row: 0, column: 0, height: 6, width: 8 }]
    {
        let Window { row, column, height, width } = window;
        let part = network.decode(&encoded, Some(window), &draws, Fed::default(), &cancel).unwrap();
        assert_eq!(part, whole.slice(s![.., .., row..row + height, column..column + width]).into_dyn());
    }
}

#[test]
fn decode_goes_through_the_member_that_encoded() {
    let members = format!("[{}, {}]", split_member("e", "d3"), split_member("e", "d5"));
    let contract = slices(&members, SPLIT);
    // Both members have one encoder: its file is loaded once.
    let files = [("e", encoder(F32)), ("d3", decoder(3.0)), ("d5", decoder(5.0))];
    let mut network = loaded(&contract, &files).unwrap();
    assert_eq!((network.members(), network.graphs.len()), (2, 3));
    let cancel = CancelToken::new();
    for (member, gain) in [(1, 5.0), (0, 3.0)] {
        let encoded = network.encode(member, ramp().view(), &[], &cancel).unwrap();
        let logits = network.decode(&encoded, None, &dropped(&[1.0]), Fed::default(), &cancel).unwrap();
        assert_eq!(logits[[0, 0, 4, 3]], by_hand(gain, 1.0, 4, 3));
    }
}

#[test]
fn decode_of_a_single_graph_takes_the_window_from_the_image() {
    let contract = slices(&format!("[{}]", single_member("g")), SINGLE);
    let mut network = loaded(&contract, &[("g", single(vec![node("Mul", &["x", "drop"], "y")], F32))]).unwrap();
    let cancel = CancelToken::new();
    let encoded = network.encode(0, ramp().view(), &[], &cancel).unwrap();
    let window = Window { row: 2, column: 2, height: 2, width: 4 };
    let got = network.decode(&encoded, Some(window), &dropped(&[1.0, 2.0]), Fed::default(), &cancel).unwrap();
    let plain = array![[18.0, 19.0, 20.0, 21.0], [26.0, 27.0, 28.0, 29.0]];
    assert_eq!(got.slice(s![0, 0, .., ..]), plain);
    assert_eq!(got.slice(s![1, 0, .., ..]), 2.0 * &plain);
}

#[test]
fn decode_of_a_single_graph_that_wants_whole_slices_gets_them_whatever_the_window() {
    let mut contract = slices(&format!("[{}]", single_member("g")), SINGLE);
    contract.whole_slice = true;
    // y = x * drop + the largest pixel of all that it sees.
    let nodes =
        vec![node("Mul", &["x", "drop"], "a"), node("GlobalMaxPool", &["x"], "b"), node("Add", &["a", "b"], "y")];
    let mut network = loaded(&contract, &[("g", single(nodes, F32))]).unwrap();
    let cancel = CancelToken::new();
    let encoded = network.encode(0, ramp().view(), &[], &cancel).unwrap();
    let window = Window { row: 2, column: 2, height: 2, width: 4 };
    let got = network.decode(&encoded, Some(window), &dropped(&[1.0, 2.0]), Fed::default(), &cancel).unwrap();
    let plain = array![[18.0, 19.0, 20.0, 21.0], [26.0, 27.0, 28.0, 29.0]];
    assert_eq!(got.slice(s![0, 0, .., ..]), &plain + 47.0);
    assert_eq!(got.slice(s![1, 0, .., ..]), 2.0 * &plain + 47.0);
}

#[test]
fn decode_of_boxes_takes_noise_and_dropout_and_without_either_gives_one_sample() {
    let json = |random: &str| -> Contract {
        let members = single_member("g");
        let grid = r#"{ "size": [2, 2, 4] }"#;
        let rest = format!(r#""grid": {grid}, "members": [{members}], "tensors": {SINGLE}, "random": {random}"#);
        serde_json::from_str(&format!(r#"{{ "kind": "patch", {rest} }}"#)).unwrap()
    };
    let volume = |name: &str, samples: i64| info(name, F32, &[samples, 1, 2, 2, 4]);
    let cancel = CancelToken::new();
    let image = ArrayD::from_shape_vec(vec![1, 1, 2, 2, 4], (0..16).map(|n| n as f32).collect()).unwrap();

    let nodes = vec![
        node("Mul", &["x", "drop"], "dropped"),
        node("ReduceSum", &["noise", "axis"], "sum"),
        node("Unsqueeze", &["sum", "axes"], "shift"),
        node("Add", &["dropped", "shift"], "y"),
    ];
    let inputs = vec![volume("x", 1), info("drop", F32, &[-1, 1, 1, 1, 1]), info("noise", F32, &[-1, 3])];
    let constants = vec![whole("axis", &[1]), whole("axes", &[2, 3, 4])];
    let drawn = graph(nodes, constants, inputs, vec![volume("y", -1)]);
    let random = r#"{ "dropout": [{ "input": "drop", "channels": 1, "rate": 0.5 }],
                      "noise": [{ "input": "noise", "rank": 3 }] }"#;
    let mut network = loaded(&json(random), &[("g", drawn)]).unwrap();
    let encoded = network.encode(0, image.view(), &[], &cancel).unwrap();
    let draws = Draws { noise: vec![array![[1.0, 2.0, 3.0], [0.0, -1.0, 0.0]]], ..dropped(&[2.0, 0.0]) };
    let got = network.decode(&encoded, None, &draws, Fed::default(), &cancel).unwrap();
    assert_eq!(got.shape(), [2, 1, 2, 2, 4]);
    assert_eq!((got[[0, 0, 1, 0, 2]], got[[1, 0, 1, 0, 2]]), (2.0 * 10.0 + 6.0, -1.0));

    let plain = graph(vec![node("Neg", &["x"], "y")], vec![], vec![volume("x", 1)], vec![volume("y", 1)]);
    let mut network = loaded(&json("{}"), &[("g", plain)]).unwrap();
    let encoded = network.encode(0, image.view(), &[], &cancel).unwrap();
    let none = Draws { samples: 4, dropout: Vec::new(), noise: Vec::new() };
    assert_eq!(network.decode(&encoded, None, &none, Fed::default(), &cancel).unwrap(), -image);
}

#[test]
fn float16_is_converted_at_the_boundary_and_between_graphs() {
    // 1/3 is no number of float16: the nearest is 1365/4096.
    let third = ArrayD::from_elem(vec![1, 1, 4, 4], 1.0 / 3.0_f32);
    let nearest = 1365.0 / 4096.0;
    let cancel = CancelToken::new();
    let halved = slices(&format!("[{}]", single_member("g")), SINGLE);
    let mut network = loaded(&halved, &[("g", single(vec![node("Mul", &["x", "drop"], "y")], F16))]).unwrap();
    let encoded = network.encode(0, third.view(), &[], &cancel).unwrap();
    let got = network.decode(&encoded, None, &dropped(&[1.0, 2.0]), Fed::default(), &cancel).unwrap();
    assert!(got.iter().zip([[nearest; 16], [2.0 * nearest; 16]].concat()).all(|(got, wanted)| *got == wanted), "{got}");

    // An encoder of float16 before a decoder of float32, whole and in a window.
    let split = slices(&format!("[{}]", split_member("e", "d")), SPLIT);
    let mut network = loaded(&split, &[("e", encoder(F16)), ("d", decoder(3.0))]).unwrap();
    let encoded = network.encode(0, third.view(), &[], &cancel).unwrap();
    for window in [None, Some(Window { row: 2, column: 0, height: 2, width: 2 })] {
        let got = network.decode(&encoded, window, &dropped(&[1.0]), Fed::default(), &cancel).unwrap();
        assert!(got.iter().all(|got| *got == 4.0 * nearest), "{got}");
    }
}

#[test]
fn load_of_tensors_that_do_not_fit_is_refused_with_got_and_expected() {
    let contract = slices(&format!("[{}]", single_member("g")), SINGLE);
    let image = || info("x", F32, &[1, 1, -1, -1]);
    let drop = || info("drop", F32, &[-1, 1, 1, 1]);
    let out = || info("y", F32, &[-1, 1, -1, -1]);
    let of = |inputs: Vec<Info>, out: Info| graph(vec![node("Mul", &["x", "drop"], "y")], vec![], inputs, vec![out]);
    let double = graph(
        vec![node("Mul", &["x", "drop"], "y")],
        vec![],
        vec![info("x", F64, &[1, 1, -1, -1]), info("drop", F64, &[-1, 1, 1, 1])],
        vec![info("y", F64, &[-1, 1, -1, -1])],
    );
    let cases = [
        (of(vec![info("x", F32, &[1, 2, -1, -1]), drop()], out()), ["'x'", "[1, 1, -1, -1]"]),
        (
            of(vec![info("x", F32, &[1, 1, 1, -1, -1]), drop()], info("y", F32, &[1, 1, 1, -1, -1])),
            ["'x'", "(1, 1, 1,"],
        ),
        (of(vec![image(), info("drop", F32, &[-1, 3, 1, 1])], info("y", F32, &[-1, 3, -1, -1])), ["'drop'", "3"]),
        (of(vec![image(), drop(), info("z", F32, &[1])], out()), ["'z'", "no such input"]),
        (double, ["'x'", "f64"]),
    ];
    for (graph, words) in cases {
        let (name, text) = refused(&contract, &[("g", graph)]);
        assert_eq!(name, "E_MODEL_SHAPE", "{text}");
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }
    let absent = slices(&format!("[{}]", single_member("g")), r#"{ "image": "x", "logits": "gone" }"#);
    let (name, text) = refused(&absent, &[("g", single(vec![node("Mul", &["x", "drop"], "y")], F32))]);
    assert!(name == "E_MODEL_SHAPE" && text.contains("'gone' is missing"), "{text}");
}

#[test]
fn load_of_members_that_differ_in_shape_is_refused_with_the_member_and_both_shapes() {
    let contract = slices(&format!("[{}, {}]", single_member("a"), single_member("b")), SINGLE);
    let made = |size: i64| {
        let inputs = vec![info("x", F32, &[1, 1, size, size]), info("drop", F32, &[-1, 1, 1, 1])];
        graph(vec![node("Mul", &["x", "drop"], "y")], vec![], inputs, vec![info("y", F32, &[-1, 1, size, size])])
    };
    let (name, text) = refused(&contract, &[("a", made(16)), ("b", made(32))]);
    assert_eq!(name, "E_MODEL_SHAPE");
    for word in ["b (segment.members[1])", "(1, 1, 16, 16)", "(1, 1, 32, 32)", "first member (a)"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(loaded(&contract, &[("a", made(16)), ("b", made(16))]).is_ok());
}

#[test]
fn load_of_an_embedding_whose_stride_is_another_is_refused_with_the_size_that_it_means() {
    let contract = slices(&format!("[{}]", split_member("e", "d")), &SPLIT.replace("\"stride\": 2", "\"stride\": 1"));
    let (name, text) = refused(&contract, &[("e", encoder(F32)), ("d", decoder(3.0))]);
    assert_eq!(name, "E_MODEL_SHAPE");
    assert!(text.contains("'e1'") && text.contains("[1, 1, 2, 2]") && text.contains("[1, 1, 4, 4]"), "{text}");
}

#[test]
fn load_of_a_random_input_that_changes_nothing_is_refused_with_the_input() {
    let contract = slices(&format!("[{}]", single_member("g")), SINGLE);
    let zero = || constant("zero", &[1], &[0.0]);
    let inputs = || vec![info("x", F32, &[1, 1, -1, -1]), info("drop", F32, &[-1, 1, 1, 1])];
    let out = || vec![info("y", F32, &[-1, 1, -1, -1])];
    let multiplied = vec![node("Mul", &["drop", "zero"], "nothing"), node("Add", &["x", "nothing"], "y")];
    // Never read; and read without an effect.
    for (nodes, constants) in [(vec![node("Identity", &["x"], "y")], vec![]), (multiplied, vec![zero()])] {
        let (name, text) = refused(&contract, &[("g", graph(nodes, constants, inputs(), out()))]);
        assert_eq!(name, "E_MODEL_BUNDLE");
        for word in ["g (segment.members[0])", "'drop'", "changes nothing", "Export"] {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
    // Of rate 0 it may: nothing is drawn there.
    let mut still = contract.clone();
    still.random.dropout[0].rate = 0.0;
    let nodes = vec![node("Mul", &["drop", "zero"], "nothing"), node("Add", &["x", "nothing"], "y")];
    assert!(loaded(&still, &[("g", graph(nodes, vec![zero()], inputs(), out()))]).is_ok());
}

#[test]
fn load_of_a_random_input_that_changes_bright_pixels_alone_or_makes_no_numbers_is_taken() {
    let contract = slices(&format!("[{}]", single_member("g")), SINGLE);
    let inputs = || vec![info("x", F32, &[1, 1, -1, -1]), info("drop", F32, &[-1, 1, 1, 1])];
    let out = || vec![info("y", F32, &[-1, 1, -1, -1])];
    // max(x - 2, 0) · drop: 0 for what is between 0 and 1.
    let bright = vec![
        node("Sub", &["x", "two"], "less"),
        node("Relu", &["less"], "bright"),
        node("Mul", &["bright", "drop"], "y"),
    ];
    let bright = graph(bright, vec![constant("two", &[1], &[2.0])], inputs(), out());
    // The root of what is below zero.
    let odd =
        vec![node("Sub", &["x", "two"], "less"), node("Sqrt", &["less"], "root"), node("Mul", &["root", "drop"], "y")];
    let odd = graph(odd, vec![constant("two", &[1], &[2.0])], inputs(), out());
    for made in [bright, odd] {
        loaded(&contract, &[("g", made)]).unwrap();
    }
}

#[test]
fn decode_of_numbers_that_are_none_is_refused_with_the_graph() {
    let contract = slices(&format!("[{}]", single_member("g")), SINGLE);
    let nodes = vec![node("Sqrt", &["x"], "root"), node("Mul", &["root", "drop"], "y")];
    let mut network = loaded(&contract, &[("g", single(nodes, F32))]).unwrap();
    let cancel = CancelToken::new();
    let encoded = network.encode(0, (-ramp()).view(), &[], &cancel).unwrap();
    let error = network.decode(&encoded, None, &dropped(&[1.0]), Fed::default(), &cancel).unwrap_err();
    assert_eq!(error.name(), "E_INFERENCE");
    assert!(error.to_string().contains("the test g network failed: it gave NaN 47 times"), "{error}");
}

#[test]
fn run_that_is_cancelled_ends_by_that_name_and_leaves_the_network_usable() {
    let contract = slices(&format!("[{}]", split_member("e", "d")), SPLIT);
    let mut network = loaded(&contract, &[("e", encoder(F32)), ("d", decoder(3.0))]).unwrap();
    let cancelled = CancelToken::new();
    cancelled.cancel();
    assert_eq!(network.encode(0, ramp().view(), &[], &cancelled).unwrap_err().name(), "E_CANCELLED");
    let cancel = CancelToken::new();
    let encoded = network.encode(0, ramp().view(), &[], &cancel).unwrap();
    let ended = network.decode(&encoded, None, &dropped(&[1.0]), Fed::default(), &cancelled);
    assert_eq!(ended.unwrap_err().name(), "E_CANCELLED");
    assert!(network.decode(&encoded, None, &dropped(&[1.0]), Fed::default(), &cancel).is_ok());
}
