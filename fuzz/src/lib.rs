//! The targets of `tests/fuzzing`, for libFuzzer.

#[path = "../../tests/fuzzing/seeds.rs"]
pub mod seeds;
#[path = "../../tests/fuzzing/targets.rs"]
pub mod targets;
#[path = "../../tests/fuzzing/volume_view.rs"]
pub mod volume_view;

/// A panic of a thread that decodes DICOM pixels is caught and becomes an error: libFuzzer's own hook, which ends the
/// process, is not to see it.
pub fn leave_decoders_out() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() != Some(sam2lung::io::DECODER_THREAD) {
            hook(info);
        }
    }));
}
