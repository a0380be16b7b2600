//! Segments one CT, then outlines nodules at clicks, and says how long each took:
//! `cargo run --release --example click -- CT I,J,K [I,J,K …]`, in the voxels of the file.
//!
//! Research use only; not a medical device.

use std::{env, path::Path, process::ExitCode, time::Instant};

use sam2lung::{
    Result,
    contract::bundle::Bundle,
    io::{self, ReadOptions},
    networks::clicks::Clicks,
    pipeline::{Engine, options::Options},
    progress::Monitor,
    runtime::device::Device,
};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let clicks: Option<Vec<[usize; 3]>> = words.iter().skip(1).map(|word| voxel(word)).collect();
    let (Some(path), Some(clicks)) = (words.first(), clicks.filter(|clicks| !clicks.is_empty())) else {
        eprintln!("usage: click CT I,J,K [I,J,K …]");
        return ExitCode::from(2);
    };
    match outline(Path::new(path), &clicks) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", error.name());
            ExitCode::FAILURE
        }
    }
}

fn voxel(word: &str) -> Option<[usize; 3]> {
    let indices: Option<Vec<usize>> = word.split(',').map(|index| index.parse().ok()).collect();
    indices?.try_into().ok()
}

fn outline(path: &Path, clicks: &[[usize; 3]]) -> Result<()> {
    let mut engine = Engine::new(Bundle::builtin()?, Device::Auto, None)?;
    let ct = io::read_ct(path, ReadOptions::default(), &mut Monitor::silent())?;
    let begun = Instant::now();
    let mut result = engine.segment(vec![ct.volume.clone()], &Options::default(), &mut Monitor::silent())?;
    println!("{} nodules in {:.1} s", result.nodules.len(), begun.elapsed().as_secs_f64());
    for click in clicks {
        let options = Options { clicks: Clicks { inside: vec![*click], outside: Vec::new() }, ..Options::default() };
        let volumes = vec![ct.volume.clone()];
        let begun = Instant::now();
        result = engine.click(volumes, &result, &options, &mut Monitor::silent())?;
        let seconds = begun.elapsed().as_secs_f64();
        let [i, j, k] = click;
        let id = result.clicks.first().copied().flatten();
        match result.nodules.iter().find(|nodule| Some(nodule.id) == id) {
            Some(n) => {
                let interval = format!("{:.0} to {:.0}", n.volume_mm3_p05, n.volume_mm3_p95);
                println!("click {i},{j},{k}: {:.0} mm3 ({interval}) in {seconds:.2} s", n.volume_mm3);
            }
            None => println!("click {i},{j},{k}: nothing outlined in {seconds:.2} s"),
        }
        result.stages.iter().for_each(|(stage, took)| println!("    {stage}: {:.2} s", took.as_secs_f64()));
    }
    Ok(())
}
