//! `sam2lung info`: what a bundle holds, which ONNX Runtime runs it, which devices work.

use std::path::Path;

use sam2lung::{
    Error, VERSION,
    model::{bundle::Bundle, device::Device, runtime::Runtime, session::OrtNetwork},
    progress::Monitor,
    stages::nodules::VolumeInterval,
};

use crate::terminal::{Reported, report};

pub fn run(folder: Option<&Path>) -> Result<(), Reported> {
    print(folder).map_err(|e| report(&e))
}

fn print(folder: Option<&Path>) -> Result<(), Error> {
    let bundle = folder.map_or_else(Bundle::builtin, Bundle::open)?;
    println!("sam2lung {VERSION}  (research use only, not a medical device)\n");
    describe(&bundle);
    let runtime = Runtime::get()?;
    println!("\nONNX Runtime   {}\n               {}", runtime.library.display(), runtime.build);
    let bundle = std::sync::Arc::new(bundle);
    OrtNetwork::load(bundle.clone(), Device::Cpu, 1, &mut Monitor::silent())?;
    println!("device cpu     works");
    match OrtNetwork::load(bundle, Device::Cuda, 1, &mut Monitor::silent()) {
        Ok(_) => println!("device cuda    works"),
        Err(error) => println!("device cuda    {error}"),
    }
    Ok(())
}

fn describe(bundle: &Bundle) {
    let spec = &bundle.spec;
    let [low, high] = spec.input.window_hu;
    let pixel = spec.input.pixel_mm.map_or("the CT's own pixels".into(), |mm| format!("pixels of {mm} mm"));
    println!("model          {} {}  ({})", spec.name, spec.version, bundle.origin.display());
    println!("input          {} slice(s), {low} to {high} HU, {pixel}", spec.slices());
    println!("classes        {}", spec.decoder.classes.join(", "));
    let dropout: Vec<_> =
        spec.decoder.dropout.iter().map(|d| format!("{} ({} channels, rate {})", d.name, d.channels, d.rate)).collect();
    println!("dropout        {}", dropout.join(", "));
    println!(
        "clicks         {}",
        spec.decoder.clicks.as_ref().map_or("none taken", |_| "inside and outside the nodule")
    );
    println!("samples        {}", spec.sampling.samples);
    println!("uncertainty    {}", spec.sampling.uncertainty.title());
    println!("temperature    {}, bias {}", spec.calibration.temperature, spec.calibration.bias);
    println!("threshold      {}, smallest volume {} mm³", spec.decision.threshold, spec.decision.min_volume_mm3);
    match &spec.judge {
        Some(judge) => {
            println!("judge          drops findings below P(nodule) {}, bias {}", judge.threshold, judge.bias);
            for point in &judge.operating_points {
                let percent = point.sensitivity * 100.0;
                println!("               {percent:.1} % of the nodules kept above {}", point.threshold);
            }
        }
        None => println!("judge          none"),
    }
    println!("interval       {}", VolumeInterval::under(spec.doubt.as_ref()).meaning());
    for (file, sha256) in spec.files() {
        println!("file           {file}  {} bytes  sha256 {sha256}", bundle.graph(file).len());
    }
    for (key, value) in &spec.provenance {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        println!("{key:<14} {text}");
    }
}
