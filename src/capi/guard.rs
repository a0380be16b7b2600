//! The one way in and out of every exported function: no panic passes, none is printed.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe, catch_unwind},
    sync::Once,
    thread,
};

use super::{
    error::{sam2lung_error, write_error},
    status::sam2lung_status,
};
use crate::{
    error::{Error, Result},
    io::DECODER_THREAD,
    progress::Stage,
    runtime::float_mode,
};

thread_local! {
    /// How many guarded calls this thread is in: a callback may call in again. No destructor, so that a thread may end
    /// after the library was closed.
    static GUARDED: Cell<u32> = const { Cell::new(0) };
    /// The floating-point mode of the host when it made the outermost call.
    static HOST_MODE: Cell<u64> = const { Cell::new(0) };
    /// Where the last panic of a guarded call happened.
    static PLACE: RefCell<Option<(&'static str, u32)>> = const { RefCell::new(None) };
}

/// What is known of a call while it runs.
#[derive(Debug, Default)]
pub struct Call {
    stage: Cell<Option<Stage>>,
}

impl Call {
    /// Takes note of the stage that begins.
    pub fn enter(&self, stage: Stage) {
        self.stage.set(Some(stage));
        #[cfg(test)]
        inject::panic_if_wanted(stage);
    }
}

/// Runs `work`; what goes wrong in it becomes a status and, where `error` isn't NULL, an error object.
///
/// # Safety
/// `error` is NULL or can be written.
pub unsafe fn guard(error: *mut *mut sam2lung_error, work: impl FnOnce(&Call) -> Result<()>) -> sam2lung_status {
    let call = Call::default();
    let Err(failure) = no_panic(|| work(&call)) else { return sam2lung_status::Ok };
    // SAFETY: as this function's own.
    unsafe { write_error(error, &failure, call.stage.get()) }
}

/// Runs `work`; a panic in it becomes an error.
///
/// # Errors
/// What `work` says, or [`Error::Internal`].
pub fn no_panic<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    caught(work).unwrap_or_else(|what| Err(Error::Internal { what }))
}

/// Runs `work`, which has no way to report an error; a panic in it gives `value`.
pub fn neutral<T>(value: T, work: impl FnOnce() -> T) -> T {
    caught(work).unwrap_or(value)
}

/// The value of `work`, or what its panic said.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    stay_quiet();
    let outer = HOST_MODE.replace(float_mode::current());
    GUARDED.set(GUARDED.get() + 1);
    let result = float_mode::standard(|| catch_unwind(AssertUnwindSafe(work)));
    GUARDED.set(GUARDED.get() - 1);
    HOST_MODE.set(outer);
    result.map_err(describe)
}

/// Calls out to the host, in the floating-point mode in which it has called in. On a thread of the library, where the host
/// hasn't called, the mode is the standard one.
pub fn as_host<T>(callback: impl FnOnce() -> T) -> T {
    if GUARDED.get() == 0 {
        return callback();
    }
    float_mode::within(HOST_MODE.get(), callback)
}

fn describe(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".into());
    // Dropping it could panic again.
    std::mem::forget(payload);
    match PLACE.take() {
        Some((file, line)) => format!("{text} ({file}:{line})"),
        None => text,
    }
}

/// Keeps the panic hook from printing what a guarded call reports by its status, and what decoders stumble over.
///
/// The hook is that of the Rust standard library in this shared library. A host that is written in Rust has its own
/// standard library and its own hook, which this leaves alone; so no pointer into this library is left behind in the host
/// when it is closed. Only a Rust program that links this crate as Rust shares the hook: there the one before goes on
/// reporting every other panic.
fn stay_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if GUARDED.get() > 0 {
                // The file's name is that of the source, which lives as long as the library.
                PLACE.set(info.location().map(|place| (short(place.file()), place.line())));
            } else if thread::current().name() != Some(DECODER_THREAD) {
                usual(info);
            }
        }));
    });
}

/// The last three parts of a path: where the crate was built is nobody's business.
fn short(path: &str) -> &'static str {
    let start = path.rmatch_indices(['/', '\\']).nth(2).map_or(0, |(at, _)| at + 1);
    Box::leak(path[start..].to_owned().into_boxed_str())
}

/// Panics on purpose, for tests.
#[cfg(test)]
pub mod inject {
    use std::cell::Cell;

    use crate::progress::Stage;

    thread_local! {
        static WANTED: Cell<Option<Stage>> = const { Cell::new(None) };
    }

    /// Lets the next call of this thread panic when it reaches `stage`.
    pub fn panic_at(stage: Stage) {
        WANTED.set(Some(stage));
    }

    pub(super) fn panic_if_wanted(stage: Stage) {
        if WANTED.get() == Some(stage) {
            WANTED.set(None);
            panic!("injected in {stage:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_panic_panic_becomes_an_internal_error_that_names_the_place() {
        let error = no_panic(|| -> Result<()> { panic!("of the test") }).unwrap_err();
        let text = error.to_string();
        assert_eq!(error.name(), "E_INTERNAL");
        assert!(text.contains("of the test (src/capi/guard.rs:"), "{text}");
    }
}
