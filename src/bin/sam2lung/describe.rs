//! What a bundle holds, in words.

use sam2lung::{
    contract::{
        bundle::Bundle,
        classes::{Channel, Class, Code, Normalise, Output, Over, Region, Unit},
        classify::Classify,
        hybrid::{Feature, Hybrid},
        model::{Candidates, Model, Outline},
        network::{Beyond, Blend, Grid, Kind, Member, Neighbours, Network, Random},
    },
    findings::interval::VolumeInterval,
};

/// Lines of a name and what is said of it.
#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    fn add(&mut self, name: &str, words: impl AsRef<str>) {
        self.0.push(format!("{name:<14} {}", words.as_ref()).trim_end().to_owned());
    }
}

/// A bundle's contents, a line each.
pub fn describe(bundle: &Bundle) -> String {
    let (model, mut lines) = (&bundle.model, Lines::default());
    lines.add("model", format!("{} {}  ({})", model.name, model.version, bundle.origin.display()));
    let upgrade = if bundle.schema_version == model.schema_version { "" } else { ", read as 2" };
    lines.add("schema", format!("version {}{upgrade}", bundle.schema_version));
    lines.add("signature", bundle.signature.to_string());
    volumes(model, &mut lines);
    roles(model, &mut lines);
    decisions(model, &mut lines);
    for (file, sha256) in model.files() {
        lines.add("file", format!("{file}  {} bytes  sha256 {sha256}", bundle.graph(file).len()));
    }
    for (key, value) in &model.provenance {
        lines.add(key, value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    lines.0.join("\n")
}

/// What goes in and what comes out.
fn volumes(model: &Model, lines: &mut Lines) {
    for channel in &model.channels {
        lines.add("channel", channel_words(channel));
    }
    for class in &model.classes {
        lines.add("class", class_words(class));
    }
    for Region { name, of, code, .. } in &model.regions {
        lines.add("region", format!("{name} = {}{}", of.join(" + "), code_words(code.as_ref())));
    }
    let output = match model.output {
        Output::Instances => "findings, numbered by falling volume",
        Output::Regions => "classes, numbered in their order",
    };
    lines.add("label map", output);
    let lifted = model.lungs.map(|l| format!("medians below {} HU are lifted to {} HU", l.lift_below_hu, l.lift_to_hu));
    lines.add("lungs", lifted.unwrap_or_else(|| "shown as they are".into()));
    let tried = model.tried.map(|tried| format!("on slices of up to {} mm", tried.slice_mm));
    lines.add("tried", tried.unwrap_or_else(|| "the model doesn't say on which slices".into()));
}

fn channel_words(channel: &Channel) -> String {
    let unit = match channel.unit {
        Unit::Hounsfield => "HU",
        Unit::Arbitrary => "arbitrary unit",
    };
    let normalised = match channel.normalise {
        Normalise::Window([low, high]) => format!("{low} to {high} become 0 to 1"),
        Normalise::Standard { mean, deviation, clip } => {
            let clipped = clip.map_or(String::new(), |[low, high]| format!(", clipped to {low} to {high} first"));
            format!("(value - {mean}) / {deviation}{clipped}")
        }
        Normalise::ZScore(Over::All) => "z-score over all voxels".into(),
        Normalise::ZScore(Over::NonZero) => "z-score over voxels that are not 0".into(),
    };
    format!("{}, {unit}: {normalised}", channel.name)
}

fn class_words(class: &Class) -> String {
    format!("{}{}", class.name, code_words(class.code.as_ref()))
}

fn code_words(code: Option<&Code>) -> String {
    code.map_or(String::new(), |Code(scheme, value, meaning)| format!("  ({scheme} {value}, {meaning})"))
}

/// The networks of each role.
fn roles(model: &Model, lines: &mut Lines) {
    match &model.detect {
        Some(detect) => role("detect", detect, lines),
        None => lines.add("detect", "none: segment runs over the whole search region"),
    }
    match &model.classify {
        Some(it) => classifier(it, lines),
        None => lines.add("classify", "none: every candidate is a finding"),
    }
    role("segment", &model.segment, lines);
    let clicks = model.segment.clicks.as_ref();
    let words = clicks.map_or("none taken".into(), |clicks| {
        let candidates = if clicks.candidates { "; each candidate's centre is shown as one" } else { "" };
        format!("inside and outside the nodule, decay {} mm{candidates}", clicks.decay_mm)
    });
    lines.add("clicks", words);
}

fn role(name: &str, network: &Network, lines: &mut Lines) {
    if let Some(hybrid) = &network.hybrid {
        let percent = hybrid.share_of_slices * 100.0;
        lines.add(name, format!("hybrid: a patch network everywhere, a slice network on {percent} % of the slices"));
        let weights = hybrid.fine_weights.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
        lines.add("  weights", format!("of the slice network against the other, a class: {weights}"));
        lines.add("  handed over", handed_words(hybrid));
        part("  coarse", &hybrid.coarse, lines);
        part("  fine", &hybrid.fine, lines);
    } else {
        part(name, network, lines);
    }
    let calibration = network.calibration;
    let words =
        format!("{}, temperature {}, bias {}", calibration.activation, calibration.temperature, calibration.bias);
    lines.add("  calibration", words);
}

/// What the coarse network hands to the fine one.
fn handed_words(hybrid: &Hybrid) -> String {
    let prompts = hybrid.prompts.iter().map(|prompts| {
        let bounds = if prompts.bounds.is_some() { " and a box" } else { "" };
        format!("{} points inside, {} outside{bounds}", prompts.positive, prompts.negative)
    });
    let features = hybrid.features.iter().map(|feature| {
        let Feature { output, channels, stride, .. } = feature;
        format!("{output} ({channels} channels, stride {stride})")
    });
    let words: Vec<String> = prompts.chain(features).collect();
    if words.is_empty() { "nothing".into() } else { words.join("; ") }
}

fn part(name: &str, network: &Network, lines: &mut Lines) {
    lines.add(name, kind_words(network));
    lines.add("  grid", grid_words(&network.grid));
    for member in &network.members {
        lines.add("  member", member_words(member));
    }
    if let Some(tensors) = &network.tensors {
        let offsets = tensors.offsets_mm.iter().map(|name| format!(", {name}"));
        let embeddings =
            tensors.embeddings.iter().map(|e| format!(", {} ({} channels, stride {})", e.name, e.channels, e.stride));
        let between: String = offsets.chain(embeddings).collect();
        lines.add("  tensors", format!("{}{between} -> {}", tensors.image, tensors.logits));
    }
    lines.add("  random", random_words(&network.random, network.members.len()));
    if let Some(threshold) = network.scout.threshold {
        lines.add(
            "  scout",
            format!("samples where one pass is above {threshold}, and {} mm around", network.scout.margin_mm),
        );
    }
}

fn kind_words(network: &Network) -> String {
    if network.kind == Kind::Patch {
        return "patch: boxes".into();
    }
    let whole = if network.whole_slice { ", encoded whole" } else { "" };
    let Some(Neighbours { each_side, step_mm, step_slices, interpolate_above_mm }) = network.neighbours else {
        return format!("slice: each by itself{whole}");
    };
    let step = step_mm.map(|mm| format!("{mm} mm apart"));
    let step = step.or(step_slices.map(|n| format!("every {n} slice(s)"))).unwrap_or_default();
    let between = interpolate_above_mm.map_or(String::new(), |mm| format!(", interpolated above {mm} mm"));
    format!("slice: each with {each_side} neighbour(s) on each side, {step}{between}{whole}")
}

fn grid_words(grid: &Grid) -> String {
    let [k, j, i] = grid.spacing_mm.map(|mm| mm.map_or("the CT's own".into(), |mm| format!("{mm} mm")));
    let own = grid.spacing_mm == [None; 3];
    let spacing = if own { "the CT's own".into() } else { format!("k {k}, j {j}, i {i}") };
    let mut words = format!("{spacing}; multiples of {}", grid.multiple);
    if let Some([k, j, i]) = grid.size {
        let blend = match grid.blend {
            Some(Blend::Gaussian) => "gaussian",
            Some(Blend::Constant) | None => "constant",
        };
        words += &format!("; boxes of {k} x {j} x {i}, overlap {}, blend {blend}", grid.overlap.unwrap_or(0.0));
        words += if grid.grows { "; one for each finding, which grows with it" } else { "" };
        words += match grid.beyond {
            Beyond::Refuse => "",
            Beyond::Repeat => "; a smaller volume's edge is repeated",
            Beyond::Zero => "; around a smaller volume lies 0",
        };
    }
    words
}

fn member_words(member: &Member) -> String {
    member.files().map(|(name, file)| format!("{name} {}", file.file)).collect::<Vec<_>>().join(", ")
}

fn random_words(random: &Random, members: usize) -> String {
    let dropout =
        random.dropout.iter().map(|d| format!("dropout {} ({} channels, rate {})", d.input, d.channels, d.rate));
    let noise = random.noise.iter().map(|n| format!("noise {} (rank {})", n.input, n.rank));
    let flips = random.flips.iter().map(|axis| format!("flip {axis}"));
    let ensemble = (members > 1).then(|| format!("{members} members"));
    let all = ensemble.into_iter().chain(flips).chain(dropout).chain(noise).collect::<Vec<_>>();
    if all.is_empty() { "nothing: every sample is the same, so one is drawn".into() } else { all.join(", ") }
}

fn classifier(classify: &Classify, lines: &mut Lines) {
    lines.add("classify", format!("drops candidates below P(nodule) {}", classify.threshold));
    let ([z, y, x], [k, j, i]) = (classify.grid.spacing_mm, classify.grid.size);
    lines.add("  grid", format!("{z} x {y} x {x} mm along k, j, i; a box of {k} x {j} x {i}"));
    for member in &classify.members {
        lines.add("  member", member_words(member));
    }
    let shown = classify.shows.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    lines.add("  tensors", format!("{} ({shown}) -> {}", classify.image, classify.logit));
    let calibration = classify.calibration;
    lines.add("  calibration", format!("temperature {}, bias {}", calibration.temperature, calibration.bias));
    for point in &classify.operating_points {
        let percent = point.sensitivity * 100.0;
        lines.add("", format!("{percent:.1} % of the nodules kept above {}", point.threshold));
    }
}

/// From samples to findings, and what is said of them.
fn decisions(model: &Model, lines: &mut Lines) {
    lines.add("samples", model.sampling.samples.to_string());
    lines.add("uncertainty", model.sampling.uncertainty.title());
    let decision = &model.decision;
    lines.add("threshold", format!("{}, smallest volume {} mm³", decision.threshold, decision.min_volume_mm3));
    if decision.outline == Outline::ExpectedDice {
        lines.add("outline", "the one that agrees best with those of the samples");
    }
    if let Some(Candidates { threshold, most, margin_mm }) = decision.candidates {
        lines.add(
            "candidates",
            format!("detected above {threshold}, {most} at most; {margin_mm} mm around are segmented"),
        );
    }
    let review = &model.review;
    let bounds = [
        ("sample Dice below", review.sample_dice_below),
        ("detection rate below", review.detection_rate_below),
        ("P(nodule) below", review.nodule_probability_below),
        ("mean uncertainty above", review.uncertainty_mean_above),
        ("expected Dice below", review.expected_dice_below),
    ];
    let given = bounds.iter().filter_map(|(name, bound)| bound.map(|bound| format!("{name} {bound}")));
    let given = given.collect::<Vec<_>>().join(", ");
    lines.add("review", if given.is_empty() { "nothing is flagged" } else { &given });
    let interval = |clicked| VolumeInterval::under(model.uncertainty.as_ref(), clicked, false).meaning();
    lines.add("interval", interval(false));
    if model.takes_clicks() {
        lines.add("with clicks", interval(true));
    }
}
