//! `sam2lung info`: what a bundle holds, which ONNX Runtime runs it, which devices work.

use std::{path::Path, sync::Arc};

use sam2lung::{
    VERSION,
    contract::bundle::Bundle,
    networks::load::load,
    progress::Monitor,
    runtime::{device::Device, environment::Runtime},
};

use crate::describe::describe;
use crate::terminal::{Reported, report, say_to_reader};

pub fn run(folder: Option<&Path>) -> Result<(), Reported> {
    let bundle = folder.map_or_else(Bundle::builtin, Bundle::open).map_err(|e| report(&e))?;
    say_to_reader(&format!("sam2lung {VERSION}  (research use only, not a medical device)\n"))?;
    say_to_reader(&describe(&bundle))?;
    let runtime = Runtime::get().map_err(|e| report(&e))?;
    say_to_reader(&format!("ONNX Runtime   {}\n               {}", runtime.library.display(), runtime.build))?;
    let bundle = Arc::new(bundle);
    load(&bundle, Device::Cpu, 1, &mut Monitor::silent()).map_err(|e| report(&e))?;
    say_to_reader("device cpu     works")?;
    match load(&bundle, Device::Cuda, 1, &mut Monitor::silent()) {
        Ok(_) => say_to_reader("device cuda    works"),
        Err(error) => say_to_reader(&format!("device cuda    {error}")),
    }
}
