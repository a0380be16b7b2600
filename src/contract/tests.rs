//! Contracts read, refused and written again.

use std::{borrow::Cow, path::Path};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    bundle::{self, Bundle},
    examples,
    model::Model,
};
use crate::error::{Error, Result};

fn read(json: &str) -> Result<Model> {
    bundle::parse(Path::new("test"), json.as_bytes())
}

/// Reads and checks; files are there and of any hash.
fn refusal(contract: &Value) -> String {
    let opened = Bundle::from_parts("test".into(), contract.to_string().as_bytes(), |_| Ok(Cow::Borrowed(&[])));
    match opened.expect_err("a file that is empty has another hash") {
        Error::ModelBundle { reason, .. } => reason,
        Error::ModelHash { .. } => "none".into(),
        other => other.to_string(),
    }
}

/// The example of this name, with `value` at a JSON pointer; `null` takes a field away.
fn with(example: &str, pointer: &str, value: Value) -> Value {
    let mut contract = examples::named(example);
    let (parent, last) = pointer.rsplit_once('/').expect("a pointer");
    let parent = contract.pointer_mut(parent).unwrap_or_else(|| panic!("{example} has no {parent}"));
    match parent {
        Value::Object(map) if value.is_null() => drop(map.remove(last).expect("it was there")),
        Value::Object(map) => drop(map.insert(last.into(), value)),
        Value::Array(list) if last == "-" => list.push(value),
        Value::Array(list) => list[last.parse::<usize>().expect("an index")] = value,
        _ => panic!("{pointer} leads nowhere"),
    }
    contract
}

#[test]
fn examples_of_the_page_make_sense_and_are_of_every_kind() {
    let names: Vec<_> = examples::of_page().iter().map(|text| read(text).expect(text).name).collect();
    assert_eq!(names, ["slices", "slabs", "patches", "plain", "hybrid", "chain"]);
    for name in names {
        assert_eq!(refusal(&examples::named(&name)), "none", "{name}");
    }
}

#[test]
fn to_json_of_every_contract_here_is_read_as_the_same() {
    let bundles = examples::of_bundles();
    assert!(bundles.len() >= 9);
    for text in bundles.iter().chain(&examples::of_page()) {
        // One bundle is there to be refused.
        let Ok(model) = read(text) else { continue };
        let again = read(&model.to_json()).expect("what was written can be read");
        assert_eq!(again, model);
        assert_eq!(again.to_json(), model.to_json());
        assert_eq!(again.schema_version, bundle::SCHEMA_VERSION);
    }
}

/// Every number in `value`.
fn numbers(value: &mut Value) -> Vec<&mut Value> {
    match value {
        Value::Number(_) => vec![value],
        Value::Array(list) => list.iter_mut().flat_map(numbers).collect(),
        Value::Object(map) => map.values_mut().flat_map(numbers).collect(),
        _ => Vec::new(),
    }
}

proptest! {
    #[test]
    fn to_json_of_any_numbers_is_read_as_the_same(
        example in 0usize..6,
        // Within what a float of 32 bits holds: some fields are such.
        values in prop::collection::vec((any::<prop::sample::Index>(), -1e30f64..1e30, any::<u16>()), 1..8),
    ) {
        let mut contract: Value = serde_json::from_str(&examples::of_page()[example]).expect("an example is JSON");
        let mut all = numbers(&mut contract);
        for (at, float, whole) in values {
            let at = at.index(all.len());
            *all[at] = if all[at].is_f64() { json!(float) } else { json!(whole) };
        }
        if let Ok(model) = read(&contract.to_string()) {
            prop_assert_eq!(read(&model.to_json()).expect("what was written can be read"), model);
        }
    }
}

#[test]
fn schema_1_names_on_the_page_are_those_that_refusals_use() {
    for (new, old) in super::schema1::NAMES {
        assert!(examples::page().contains(&format!("| `{new}` | `{old}` |")), "{new} is {old}");
    }
}

#[test]
fn parse_error_names_the_field_with_its_path_and_place() {
    let surprise = with("chain", "/segment/members/1/decoder/surprise", json!(1));
    let text = refusal(&surprise);
    assert!(
        text.contains("segment.members[1].decoder.surprise") && text.contains("unknown field `surprise`"),
        "{text}"
    );
    let text = refusal(&with("hybrid", "/segment/hybrid/fine/grid/multiple", json!("four")));
    assert!(
        text.contains("segment.hybrid.fine.grid.multiple: invalid type") && text.contains("line 1 column"),
        "{text}"
    );
    let text = refusal(&with("slices", "/decision/threshold", Value::Null));
    assert!(text.contains("decision: missing field `threshold`"), "{text}");
    // A field twice is a mistake, not the last of them.
    let twice = examples::of_page()[1].replacen("\"name\"", "\"name\": \"a\", \"name\"", 1);
    assert!(read(&twice).unwrap_err().to_string().contains("duplicate field `name`"));
    let beyond = examples::of_page()[1].clone() + "{}";
    assert!(read(&beyond).unwrap_err().to_string().contains("trailing characters"));
}

/// What a contract whose segment network is this text is refused for, on a thread with little stack.
fn refusal_on_a_small_stack(segment: String) -> String {
    let mut contract = examples::named("hybrid");
    contract["segment"] = json!("INNER");
    let text = contract.to_string().replace("\"INNER\"", &segment);
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    let refused = thread.spawn(move || read(&text).map(|_| ()).unwrap_err().to_string()).expect("a thread starts");
    refused.join().expect("the stack holds")
}

#[test]
fn parse_hybrids_in_hybrids_are_refused_before_they_take_the_stack() {
    let hybrid = examples::named("hybrid")["segment"].clone();
    let nested = |levels: usize| {
        let mut outer = hybrid.clone();
        outer["hybrid"]["coarse"] = json!("INNER");
        let outer = outer.to_string();
        (0..levels).fold(hybrid.to_string(), |inner, _| outer.replace("\"INNER\"", &inner))
    };
    for levels in [1, 40] {
        let text = refusal_on_a_small_stack(nested(levels));
        assert!(text.contains("segment.hybrid.coarse.hybrid: given; expected left out"), "{text}");
    }
    assert!(refusal_on_a_small_stack(nested(80)).contains("recursion limit"));
    // A list of a struct's values is as good as a map, for the reader.
    let list = r#"["hybrid", {}, null, false, 0, {}, [], null, {}, null, {}, {"coarse": INNER}]"#;
    let text = refusal_on_a_small_stack((0..50).fold("1".into(), |inner: String, _| list.replace("INNER", &inner)));
    assert!(text.contains("expected left out"), "{text}");
    let mut null = examples::named("hybrid");
    null["segment"]["hybrid"]["fine"]["hybrid"] = Value::Null;
    assert_eq!(refusal(&null), "none");
}

/// One value of an example changed: where, to what, and words of the refusal, the field's path first.
const REFUSALS: &[(&str, &str, &str, &[&str])] = &[
    ("slices", "/name", r#""""#, &["name is 0 characters", "1 to 200"]),
    ("slices", "/version", r#""1\u001b[31m""#, &["version is 6 characters, '1\\u{1b}[31m'", "control"]),
    ("slices", "/channels", "[]", &["channels is a list of 0", "1 to 64"]),
    ("plain", "/channels/1/name", r#""t1C""#, &["channels[1].name is 't1C'", "channels[0].name"]),
    ("plain", "/channels/1/name", r#""x_T1c""#, &["channels[1].name is 'x_T1c'", "_T1c"]),
    ("plain", "/channels/0/name", r#""a/b""#, &["channels[0].name", "letters"]),
    ("plain", "/channels/0/normalise", r#"{"window": [3, 3]}"#, &["channels[0].normalise.window is [3.0, 3.0]"]),
    (
        "slices",
        "/channels/0/normalise",
        r#"{"window": [0, 0.5]}"#,
        &["channels[0].normalise.window", "at least 1 apart"],
    ),
    ("slices", "/channels/0/normalise", r#"{"window": [-1e308, 1e308]}"#, &["channels[0].normalise.window", "1e6"]),
    ("patches", "/channels/0/normalise/standard/deviation", "0", &["channels[0].normalise.standard.deviation is 0"]),
    (
        "patches",
        "/channels/0/normalise/standard/clip",
        "[5, 5]",
        &["channels[0].normalise.standard.clip is [5.0, 5.0]"],
    ),
    ("slices", "/channels/0/unit", r#""arbitrary""#, &["lungs is given", "no channel is in HU"]),
    ("slices", "/lungs/lift_to_hu", "-950", &["lungs.lift_to_hu is -950", "lift_below_hu"]),
    ("slices", "/classes", "[]", &["classes is a list of 0"]),
    ("slices", "/classes/0/code", "null", &["classes[0].code is left out", "instances"]),
    ("slices", "/classes/0/code/0", r#""A scheme of many letters""#, &["classes[0].code[0]", "16 letters"]),
    ("plain", "/classes/1/name", r#""NECROSIS""#, &["classes[1].name is 'NECROSIS'", "classes[0].name"]),
    ("plain", "/classes/1/name", r#""a b""#, &["classes[1].name is 'a b'"]),
    ("plain", "/regions/0/name", r#""edema""#, &["regions[0].name is 'edema'", "classes[1].name"]),
    ("plain", "/regions/1/of/0", r#""bone""#, &["regions[1].of[0] is 'bone'", "necrosis, edema, enhancing"]),
    ("plain", "/regions/1/of/0", r#""enhancing""#, &["regions[1].of[1] is 'enhancing'", "once"]),
    ("plain", "/output", r#""instances""#, &["classes[0].code is left out"]),
    ("slices", "/regions", r#"[{"name": "r", "of": ["nodule"], "colour": [0, 0, 0]}]"#, &["regions", "instances"]),
    ("slices", "/segment/grid/multiple", "0", &["segment.grid.multiple is 0", "1 to 256"]),
    ("slices", "/segment/grid/spacing_mm/2", "0.01", &["segment.grid.spacing_mm[2] is 0.01", "0.1 to 20"]),
    ("slices", "/segment/grid/size", "[1, 4, 4]", &["segment.grid.size is given", "slice"]),
    ("slices", "/segment/grid/overlap", "0.5", &["segment.grid.overlap is given"]),
    ("slices", "/segment/grid/blend", r#""constant""#, &["segment.grid.blend is given"]),
    ("slices", "/segment/tensors", "null", &["segment.tensors is left out"]),
    ("slices", "/segment/members", "[]", &["segment.members is left out"]),
    ("slices", "/segment/halo_px", "1099511627776", &["segment.halo_px is 1099511627776"]),
    ("slices", "/segment/scout/threshold", "1", &["segment.scout.threshold is 1"]),
    ("slices", "/segment/neighbours/each_side", "33", &["segment.neighbours.each_side is 33"]),
    ("slices", "/segment/neighbours/step_slices", "1", &["segment.neighbours is step_mm and step_slices"]),
    ("slabs", "/segment/neighbours/step_slices", "null", &["segment.neighbours is without a step"]),
    ("slabs", "/segment/neighbours/interpolate_above_mm", "2.5", &["interpolate_above_mm is 2.5", "step_mm"]),
    ("slices", "/segment/neighbours/step_mm", "0", &["segment.neighbours.step_mm is 0"]),
    ("slices", "/segment/tensors/embeddings", "[]", &["segment.tensors.embeddings is a list of 0"]),
    ("slices", "/segment/tensors/embeddings/1/stride", "3", &["embeddings[1].stride is 3", "grid.multiple (4)"]),
    (
        "slices",
        "/segment/tensors/embeddings/1/stride",
        "[1, 2, 2]",
        &["embeddings[1].stride is [1, 2, 2]", "one number"],
    ),
    ("slices", "/segment/tensors/embeddings/1/stride", "\"2\"", &["stride", "a whole number, or a list of three"]),
    ("slices", "/segment/tensors/embeddings/0/channels", "1000000000", &["embeddings[0].channels is 1000000000"]),
    (
        "slices",
        "/segment/tensors/embeddings/0/name",
        r#""slices""#,
        &["embeddings[0].name is 'slices'", "segment.tensors.image"],
    ),
    ("slices", "/segment/random/dropout/1/input", r#""drop0""#, &["segment.random.dropout[1].input is 'drop0'"]),
    ("slices", "/segment/clicks/input", r#""e1""#, &["segment.clicks.input is 'e1'", "embeddings[1].name"]),
    ("slices", "/segment/tensors/logits", r#""""#, &["segment.tensors.logits is empty"]),
    ("slices", "/segment/random/dropout/0/rate", "1", &["segment.random.dropout[0].rate is 1"]),
    ("slices", "/segment/random/dropout/0/channels", "0", &["segment.random.dropout[0].channels is 0"]),
    ("patches", "/segment/random/noise/0/rank", "0", &["segment.random.noise[0].rank is 0"]),
    ("patches", "/segment/random/noise/0/scale", "0", &["segment.random.noise[0].scale is 0"]),
    ("slabs", "/segment/random/flips", r#"["i", "i"]"#, &["segment.random.flips[1] is i", "once"]),
    ("slices", "/segment/clicks/decay_mm", "0", &["segment.clicks.decay_mm is 0", "0.1 to 1000"]),
    ("slices", "/segment/calibration/temperature", "0", &["segment.calibration.temperature is 0"]),
    ("slices", "/segment/calibration/bias", "-101", &["segment.calibration.bias is -101"]),
    ("slices", "/segment/members/0/decoder", "null", &["segment.members[0] is encoder", "graph alone"]),
    (
        "slices",
        "/segment/members/0/graph",
        r#"{"file": "a", "sha256": ""}"#,
        &["segment.members[0] is encoder and decoder and graph"],
    ),
    ("slabs", "/segment/members/1", "{}", &["segment.members[1] is empty"]),
    (
        "slabs",
        "/segment/members/1/graph/file",
        r#""../a""#,
        &["segment.members[1].graph.file", "not a plain file name"],
    ),
    (
        "slabs",
        "/segment/members/1/graph/file",
        r#""fold0.onnx""#,
        &["segment.members[1].graph", "'logits'", "segment.members[0].graph"],
    ),
    (
        "slabs",
        "/segment/tensors/embeddings",
        r#"[{"name": "e", "channels": 1, "stride": 1}]"#,
        &["segment.tensors.embeddings", "single graphs"],
    ),
    ("patches", "/segment/grid/size", "null", &["segment.grid.size is left out", "patch"]),
    ("patches", "/segment/grid/size/1", "100", &["segment.grid.size[1] is 100", "multiple of grid.multiple (8)"]),
    ("patches", "/segment/grid/size", "[1024, 1024, 1024]", &["segment.grid.size is 1073741824 voxels", "67108864"]),
    ("patches", "/segment/grid/overlap", "1", &["segment.grid.overlap is 1", "0 to 0.9"]),
    (
        "patches",
        "/segment/neighbours",
        r#"{"each_side": 1, "step_slices": 1}"#,
        &["segment.neighbours is given", "slice"],
    ),
    ("patches", "/segment/whole_slice", "true", &["segment.whole_slice is given"]),
    ("patches", "/segment/halo_px", "1", &["segment.halo_px is given"]),
    ("patches", "/segment/scout", r#"{"threshold": 0.1}"#, &["segment.scout.threshold is given"]),
    ("patches", "/segment/tensors/offsets_mm", r#""mm""#, &["segment.tensors.offsets_mm is given"]),
    ("patches", "/segment/hybrid", "INNER", &["segment.hybrid is given"]),
    ("patches", "/segment/kind", r#""hybrid""#, &["segment.hybrid is left out"]),
    ("hybrid", "/segment/members", r#"[{"graph": {"file": "a", "sha256": ""}}]"#, &["segment.members is given"]),
    ("hybrid", "/segment/grid", r#"{"multiple": 8}"#, &["segment.grid is given"]),
    ("hybrid", "/segment/random", r#"{"flips": ["i"]}"#, &["segment.random is given"]),
    ("hybrid", "/segment/hybrid/fine/kind", r#""patch""#, &["segment.hybrid.fine.kind is patch", "slice"]),
    (
        "hybrid",
        "/segment/hybrid/fine_weights",
        "[0.5, 0.5]",
        &["segment.hybrid.fine_weights is a list of 2", "one a class"],
    ),
    ("hybrid", "/segment/hybrid/fine_weights", "[1.5]", &["segment.hybrid.fine_weights[0] is 1.5"]),
    (
        "hybrid",
        "/segment/hybrid/fine/grid/spacing_mm/0",
        "2.0",
        &["segment.hybrid.fine.grid.spacing_mm[0] is 2", "null"],
    ),
    ("hybrid", "/segment/hybrid/share_of_slices", "-0.1", &["segment.hybrid.share_of_slices is -0.1"]),
    ("hybrid", "/segment/hybrid/prompts/positive", "0", &["segment.hybrid.prompts.positive is 0", "1 to 256"]),
    ("hybrid", "/segment/hybrid/prompts/negative", "257", &["segment.hybrid.prompts.negative is 257"]),
    ("hybrid", "/segment/hybrid/prompts/ring_mm", "[5, 1]", &["segment.hybrid.prompts.ring_mm is [5, 1]", "first"]),
    ("hybrid", "/segment/hybrid/prompts/threshold", "1", &["segment.hybrid.prompts.threshold is 1"]),
    (
        "hybrid",
        "/segment/hybrid/prompts/box",
        r#""labels""#,
        &["segment.hybrid.prompts.box is 'labels'", "labels has it"],
    ),
    (
        "hybrid",
        "/segment/hybrid/features/0/input",
        r#""drop0""#,
        &["features[0].input is 'drop0'", "fine.random.dropout[0]"],
    ),
    (
        "hybrid",
        "/segment/hybrid/features/0/output",
        r#""logits""#,
        &["features[0].output is 'logits'", "coarse.tensors.logits"],
    ),
    ("hybrid", "/segment/hybrid/features/0/stride", "3", &["features[0].stride is 3", "grid.multiple (8)"]),
    (
        "hybrid",
        "/segment/hybrid/features/0/fine_stride",
        "32",
        &["features[0].fine_stride is 32", "fine.grid.multiple (16)"],
    ),
    ("hybrid", "/segment/hybrid/features/0/channels", "0", &["features[0].channels is 0"]),
    (
        "hybrid",
        "/segment/hybrid/fine/scout",
        r#"{"threshold": 0.1}"#,
        &["segment.hybrid.fine.scout.threshold is 0.1", "whole images"],
    ),
    (
        "hybrid",
        "/segment/hybrid/fine/clicks",
        r#"{"input": "c", "decay_mm": 6}"#,
        &["segment.hybrid.fine.clicks is given"],
    ),
    ("hybrid", "/segment/hybrid/fine/calibration", r#"{"temperature": 2}"#, &["segment.hybrid.fine.calibration"]),
    (
        "hybrid",
        "/segment/hybrid/coarse/calibration",
        r#"{"activation": "softmax"}"#,
        &["coarse.calibration.activation is softmax", "sigmoid"],
    ),
    (
        "hybrid",
        "/segment/hybrid/fine/members/0/graph/file",
        r#""coarse.onnx""#,
        &["segment.hybrid.fine.members[0].graph", "segment.hybrid.coarse.members[0].graph"],
    ),
    (
        "chain",
        "/detect/members/0/graph/file",
        r#""decoder1.onnx""#,
        &["segment.members[1].decoder", "detect.members[0].graph"],
    ),
    ("chain", "/classify/kind", r#""slice""#, &["classify.kind is slice", "patch"]),
    ("chain", "/classify/grid/size/0", "0", &["classify.grid.size[0] is 0"]),
    ("chain", "/classify/grid/size", "[256, 256, 256]", &["classify.grid.size is 16777216 voxels", "2097152"]),
    ("chain", "/classify/grid/spacing_mm/0", "0.01", &["classify.grid.spacing_mm[0] is 0.01"]),
    ("chain", "/classify/grid/multiple", "1", &["classify.grid.multiple: unknown field"]),
    ("chain", "/classify/shows", "[]", &["classify.shows is a list of 0"]),
    ("chain", "/classify/shows/1", r#""image""#, &["classify.shows[1] is image", "once"]),
    (
        "chain",
        "/classify/members/0",
        r#"{"encoder": {"file": "a", "sha256": ""}, "decoder": {"file": "b", "sha256": ""}}"#,
        &["classify.members[0] is encoder and decoder", "graph"],
    ),
    ("chain", "/classify/logit", r#""patch""#, &["classify.logit is 'patch'", "classify.image"]),
    ("chain", "/classify/calibration", r#"{"activation": "softmax"}"#, &["classify.calibration.activation is softmax"]),
    ("chain", "/classify/marked", r#"{"logit": "logit"}"#, &["classify.marked.logit is 'logit'", "classify.logit"]),
    (
        "chain",
        "/classify/marked",
        r#"{"logit": "marked", "calibration": {"activation": "softmax"}}"#,
        &["classify.marked.calibration.activation is softmax"],
    ),
    ("chain", "/classify/threshold", "1.5", &["classify.threshold is 1.5"]),
    (
        "slices",
        "/classify/operating_points/1/sensitivity",
        "0.9",
        &["classify.operating_points[1].sensitivity is 0.9", "more than 0.9"],
    ),
    (
        "slices",
        "/classify/operating_points/1/threshold",
        "0.95",
        &["classify.operating_points[1].threshold is 0.95", "0.91 at most"],
    ),
    ("chain", "/detect/clicks", r#"{"input": "c", "decay_mm": 6}"#, &["detect.clicks is given"]),
    ("chain", "/decision/candidates", "null", &["decision.candidates is left out", "detect"]),
    ("chain", "/detect", "null", &["segment.grid.grows is true", "behind detect"]),
    (
        "slices",
        "/decision/candidates",
        r#"{"threshold": 0.1, "most": 4, "margin_mm": 3}"#,
        &["decision.candidates is given", "no detect"],
    ),
    ("slices", "/segment/clicks/candidates", "true", &["segment.clicks.candidates is true", "behind detect"]),
    ("slices", "/segment/grid/beyond", r#""repeat""#, &["segment.grid.beyond is given", "patch"]),
    ("slices", "/segment/grid/grows", "true", &["segment.grid.grows is given", "patch"]),
    ("patches", "/segment/grid/beyond", r#""mirror""#, &["segment.grid.beyond: unknown variant `mirror`"]),
    ("patches", "/segment/grid/grows", "true", &["segment.grid.grows is true", "behind detect"]),
    ("hybrid", "/segment/grid", r#"{"grows": true}"#, &["segment.grid is given"]),
    (
        "hybrid",
        "/segment/hybrid/coarse/grid/grows",
        "true",
        &["segment.hybrid.coarse.grid.grows is true", "behind detect"],
    ),
    ("hybrid", "/segment/hybrid/fine/grid/grows", "true", &["segment.hybrid.fine.grid.grows is given", "patch"]),
    (
        "hybrid",
        "/segment/hybrid/fine/grid/beyond",
        r#""repeat""#,
        &["segment.hybrid.fine.grid.beyond is given", "patch"],
    ),
    ("chain", "/detect/grid/grows", "true", &["detect.grid.grows is given", "patch"]),
    ("chain", "/segment/grid/beyond", "null", &["segment.grid.grows is true", "grid.beyond is repeat"]),
    ("chain", "/segment/grid/overlap", "0.5", &["segment.grid.overlap is given", "one box"]),
    ("chain", "/decision/candidates/most", "0", &["decision.candidates.most is 0"]),
    ("chain", "/decision/candidates/margin_mm", "-1", &["decision.candidates.margin_mm is -1"]),
    ("slices", "/sampling/samples", "0", &["sampling.samples is 0", "1 to 10000"]),
    ("slabs", "/sampling/samples", "1", &["sampling.samples is 1", "2 at least", "every member of segment"]),
    ("slices", "/decision/threshold", "1", &["decision.threshold is 1"]),
    ("slices", "/decision/min_volume_mm3", "-1", &["decision.min_volume_mm3 is -1"]),
    ("slices", "/review/sample_dice_below", "2", &["review.sample_dice_below is 2"]),
    ("slices", "/uncertainty/level", "1", &["uncertainty.level is 1"]),
    ("slices", "/uncertainty/dice/6", "1e7", &["uncertainty.dice[6] is 10000000", "coefficient"]),
    (
        "slices",
        "/uncertainty/samples",
        r#"{"widen": 1.5}"#,
        &["uncertainty.volume_low is given", "uncertainty.samples"],
    ),
    ("slices", "/uncertainty/dice", "null", &["uncertainty.dice is left out", "no uncertainty.samples"]),
    ("chain", "/uncertainty", r#"{"level": 0.9, "samples": {"widen": 11}}"#, &["samples.widen is 11", "0 to 10"]),
    ("chain", "/uncertainty", r#"{"level": 0.9, "samples": {}}"#, &["uncertainty.samples", "widen"]),
    (
        "chain",
        "/uncertainty",
        r#"{"level": 0.9, "samples": {"widen": 1}, "clicked": {"volume_low": [0,0,0,0,0,0,0], "volume_high": [0,0,0,0,0,0,0], "dice": [0,0,0,0,0,0,0]}}"#,
        &["uncertainty.clicked is given"],
    ),
    ("slices", "/decision/outline", r#""largest""#, &["decision.outline", "expected_dice"]),
    ("plain", "/decision/outline", r#""expected_dice""#, &["decision.outline is expected_dice", "instances"]),
    ("slices", "/tried/slice_mm", "0", &["tried.slice_mm is 0"]),
    ("slices", "/schema_version", "3", &["schema version 3; expected 1 or 2"]),
];

#[test]
fn check_names_the_field_of_the_network_with_what_was_got_and_expected() {
    let inner = examples::named("hybrid")["segment"]["hybrid"].to_string();
    for (example, pointer, value, words) in REFUSALS {
        let value = serde_json::from_str(&value.replace("INNER", &inner)).expect(value);
        let text = refusal(&with(example, pointer, value));
        assert!(words.iter().all(|word| text.contains(word)), "{example}{pointer}: {text}");
    }
}

#[test]
fn check_of_boxes_that_grow_wants_two_voxels_along_each_axis() {
    let mut contract = with("chain", "/segment/grid", json!({ "size": [1, 4, 4], "beyond": "repeat", "grows": true }));
    for embedding in contract["segment"]["tensors"]["embeddings"].as_array_mut().expect("it has some") {
        embedding["stride"] = json!(1);
    }
    let text = refusal(&contract);
    assert!(text.starts_with("segment.grid.size[0] is 1; expected 2 at least"), "{text}");
    contract["segment"]["grid"]["size"][0] = json!(2);
    assert_eq!(refusal(&contract), "none");
}

#[test]
fn check_allows_what_real_bundles_do() {
    // An encoder that two members share, a decoder each.
    let shared =
        json!({ "encoder": { "file": "encoder.onnx", "sha256": "" }, "decoder": { "file": "two.onnx", "sha256": "" } });
    assert_eq!(refusal(&with("slices", "/segment/members/-", shared)), "none");
    // The samples say how far outlines may be off, and make them.
    let samples = json!({ "level": 0.9, "samples": { "widen": 1.25 } });
    assert_eq!(refusal(&with("slices", "/uncertainty", samples)), "none");
    assert_eq!(refusal(&with("slices", "/decision/outline", json!("expected_dice"))), "none");
    // The only class may have any name.
    assert_eq!(refusal(&with("slices", "/classes/0/name", json!("Knoten in der Lunge"))), "none");
    // A slice network may be mirrored along k: its neighbours change places.
    assert_eq!(refusal(&with("slabs", "/segment/random/flips", json!(["k", "j", "i"]))), "none");
    // Names of other graphs' tensors.
    assert_eq!(refusal(&with("patches", "/segment/tensors/logits", json!("boxes"))), "none");
}

#[test]
fn check_schema_1_is_told_by_its_own_names() {
    let old = |change: &dyn Fn(&mut Value)| {
        let mut contract: Value =
            serde_json::from_str(include_str!("../../tests/bundles/tiny-doubt/model.json")).unwrap();
        change(&mut contract);
        refusal(&contract)
    };
    assert_eq!(old(&|_| ()), "none");
    assert!(old(&|c| c["judge"]["size"] = json!([256, 256, 256])).starts_with("judge.size is 16777216 voxels"));
    assert!(old(&|c| c["input"]["multiple"] = json!(0)).starts_with("input.multiple is 0"));
    assert!(
        old(&|c| c["decoder"]["dropout"] = json!([])).starts_with("decoder.dropout is empty; expected at least one")
    );
    assert!(old(&|c| c["decoder"]["dropout"][0]["rate"] = json!(1)).starts_with("decoder.dropout[0].rate is 1"));
    assert!(old(&|c| c["decoder"]["classes"] = json!(["a", "b"])).starts_with("decoder.classes is a list of 2"));
    assert!(old(&|c| c["kind"] = json!("patch")).starts_with("kind is patch; expected slice"));
    assert!(old(&|c| c["doubt"]["level"] = json!(1)).starts_with("doubt.level is 1"));
    assert!(
        old(&|c| c["encoder"]["file"] = json!(".."))
            .starts_with("encoder.file is '..', which is not a plain file name")
    );
}
