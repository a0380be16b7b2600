//! `sam2lung info`: what a bundle holds, which ONNX Runtime runs it, which devices work.

use std::{path::Path, thread};

use sam2lung::{
    VERSION,
    contract::bundle::Bundle,
    models::Installed,
    networks::load::works,
    runtime::{device::Device, environment::Runtime},
};

use crate::{
    args::TrustArgs,
    describe::describe,
    terminal::{Reported, report, say_to_reader},
};

pub fn run(wanted: Option<&Path>, trust: &TrustArgs) -> Result<(), Reported> {
    let open = |wanted| Installed::usual(trust.trust()?).open(wanted);
    let bundle = wanted.map_or_else(Bundle::builtin, open).map_err(|e| report(&e))?;
    say_to_reader(&format!("sam2lung {VERSION}  (research use only, not a medical device)\n"))?;
    say_to_reader(&describe(&bundle))?;
    let runtime = Runtime::get().map_err(|e| report(&e))?;
    say_to_reader(&format!("ONNX Runtime   {}\n               {}", runtime.library.display(), runtime.build))?;
    let threads = thread::available_parallelism().map_or(1, usize::from);
    works(&bundle, Device::Cpu, threads).map_err(|e| report(&e))?;
    say_to_reader("device cpu     works")?;
    match works(&bundle, Device::Cuda, threads) {
        Ok(_) => say_to_reader("device cuda    works"),
        Err(error) => say_to_reader(&format!("device cuda    {error}")),
    }
}
