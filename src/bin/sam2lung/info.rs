//! `sam2lung info`: what a bundle holds, which ONNX Runtime runs it, which devices work.

use std::{path::Path, sync::Arc};

use sam2lung::{
    VERSION,
    contract::{bundle::Bundle, model::Tried},
    findings::interval::VolumeInterval,
    progress::Monitor,
    runtime::{device::Device, environment::Runtime, session::OrtNetwork},
};

use crate::terminal::{Reported, report, say_to_reader};

pub fn run(folder: Option<&Path>) -> Result<(), Reported> {
    let bundle = folder.map_or_else(Bundle::builtin, Bundle::open).map_err(|e| report(&e))?;
    say_to_reader(&format!("sam2lung {VERSION}  (research use only, not a medical device)\n"))?;
    say_to_reader(&describe(&bundle))?;
    let runtime = Runtime::get().map_err(|e| report(&e))?;
    say_to_reader(&format!("ONNX Runtime   {}\n               {}", runtime.library.display(), runtime.build))?;
    let bundle = Arc::new(bundle);
    OrtNetwork::load(bundle.clone(), Device::Cpu, 1, &mut Monitor::silent()).map_err(|e| report(&e))?;
    say_to_reader("device cpu     works")?;
    match OrtNetwork::load(bundle, Device::Cuda, 1, &mut Monitor::silent()) {
        Ok(_) => say_to_reader("device cuda    works"),
        Err(error) => say_to_reader(&format!("device cuda    {error}")),
    }
}

/// A bundle's contents, a line each.
fn describe(bundle: &Bundle) -> String {
    let spec = &bundle.model;
    let mut lines = Vec::new();
    let mut line = |name: &str, words: String| lines.push(format!("{name:<14} {words}"));
    let [low, high] = spec.window_hu().unwrap_or([0.0, 1.0]);
    let pixel = spec.segment.grid.spacing_mm[1].map_or("the CT's own pixels".into(), |mm| format!("pixels of {mm} mm"));
    line("model", format!("{} {}  ({})", spec.name, spec.version, bundle.origin.display()));
    line("input", format!("{} slice(s), {low} to {high} HU, {pixel}", spec.segment.slices()));
    let thickest = |tried: Tried| format!("on slices of up to {} mm", tried.slice_mm);
    line("tried", spec.tried.map_or("the model doesn't say on which slices".into(), thickest));
    line("classes", spec.classes.iter().map(|class| class.name.as_str()).collect::<Vec<_>>().join(", "));
    let dropout: Vec<_> = spec
        .segment
        .random
        .dropout
        .iter()
        .map(|d| format!("{} ({} channels, rate {})", d.input, d.channels, d.rate))
        .collect();
    line("dropout", dropout.join(", "));
    line("clicks", spec.segment.clicks.as_ref().map_or("none taken", |_| "inside and outside the nodule").into());
    line("samples", spec.sampling.samples.to_string());
    line("uncertainty", spec.sampling.uncertainty.title().into());
    line("temperature", format!("{}, bias {}", spec.segment.calibration.temperature, spec.segment.calibration.bias));
    let decision = &spec.decision;
    line("threshold", format!("{}, smallest volume {} mm³", decision.threshold, decision.min_volume_mm3));
    match &spec.classify {
        Some(classifier) => {
            line(
                "classifier",
                format!("drops findings below P(nodule) {}, bias {}", classifier.threshold, classifier.calibration.bias),
            );
            for point in &classifier.operating_points {
                let percent = point.sensitivity * 100.0;
                line("", format!("{percent:.1} % of the nodules kept above {}", point.threshold));
            }
        }
        None => line("classifier", "none".into()),
    }
    let interval = |clicked| VolumeInterval::under(spec.uncertainty.as_ref(), clicked).meaning();
    line("interval", interval(false));
    if spec.segment.clicks.is_some() {
        line("with clicks", interval(true));
    }
    for (file, sha256) in spec.files() {
        line("file", format!("{file}  {} bytes  sha256 {sha256}", bundle.graph(file).len()));
    }
    for (key, value) in &spec.provenance {
        line(key, value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    lines.join("\n")
}
