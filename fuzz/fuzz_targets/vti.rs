#![no_main]

use sam2lung_fuzz::targets::Target;

libfuzzer_sys::fuzz_target!(init: sam2lung_fuzz::leave_decoders_out(), |input: &[u8]| {
    let _ = sam2lung_fuzz::targets::run(Target::Vti, input);
});
