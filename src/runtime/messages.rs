//! What ONNX Runtime says, on its way to the log: it would go to the standard error otherwise.
//!
//! A receiver of the log may call the library. So nothing is said under a lock that such a call takes: what comes up
//! meanwhile waits until the lock is free.

use std::sync::{Mutex, MutexGuard};

use log::Level;
use ort::logging::LogLevel;

/// The part of the library that a message of ONNX Runtime comes from.
const TARGET: &str = "onnxruntime";

/// Messages that wait, and how many callers of [`hold_back`] want them to.
#[derive(Default)]
struct Waiting {
    holders: usize,
    messages: Vec<(Level, &'static str, String)>,
}

static WAITING: Mutex<Waiting> = Mutex::new(Waiting { holders: 0, messages: Vec::new() });

fn waiting() -> MutexGuard<'static, Waiting> {
    WAITING.lock().unwrap_or_else(|e| e.into_inner())
}

/// Says something, or lets it wait.
pub fn say(level: Level, target: &'static str, text: String) {
    let mut waiting = waiting();
    if waiting.holders > 0 {
        waiting.messages.push((level, target, text));
        return;
    }
    drop(waiting);
    log::log!(target: target, level, "{text}");
}

/// Lets all messages wait until `work` is done, and says them then.
pub fn hold_back<T>(work: impl FnOnce() -> T) -> T {
    struct Held;
    impl Drop for Held {
        fn drop(&mut self) {
            let mut waiting = waiting();
            waiting.holders -= 1;
            let messages = if waiting.holders == 0 { std::mem::take(&mut waiting.messages) } else { Vec::new() };
            drop(waiting);
            messages.into_iter().for_each(|(level, target, text)| say(level, target, text));
        }
    }
    waiting().holders += 1;
    let _held = Held;
    work()
}

/// Takes a message of ONNX Runtime: the logger that an environment is made with.
pub fn receive(level: LogLevel, _category: &str, _id: &str, place: &str, text: &str) {
    let level = match level {
        LogLevel::Verbose => Level::Trace,
        LogLevel::Info => Level::Debug,
        LogLevel::Warning => Level::Warn,
        LogLevel::Error | LogLevel::Fatal => Level::Error,
    };
    if level <= log::max_level() {
        say(level, TARGET, format!("{text} ({place})"));
    }
}
