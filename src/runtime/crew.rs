//! The threads of a network, started before ONNX Runtime asks for them.
//!
//! Where a thread of its pool can't be started (a limit of a container, too little address space) ONNX Runtime waits for
//! ever for those that were. So all threads are there before it is asked to make a pool, and it is handed them.

use std::{
    sync::{
        Mutex,
        mpsc::{self, Sender},
    },
    thread::{self, JoinHandle},
};

use ort::environment::ThreadManager;

use crate::error::{Error, Result};

/// Room for a thread's calls, as the C library gives by default on Linux: what ONNX Runtime's own threads would have.
const STACK_BYTES: usize = 8 << 20;

type Work = Box<dyn FnOnce() + Send>;

/// Threads that wait for their work.
#[derive(Debug)]
pub struct Crew(Mutex<Vec<Idle>>);

#[derive(Debug)]
struct Idle {
    work: Sender<Work>,
    thread: JoinHandle<()>,
}

impl Idle {
    fn start() -> std::io::Result<Idle> {
        let (work, given) = mpsc::channel::<Work>();
        let named = thread::Builder::new().name("sam2lung".into()).stack_size(STACK_BYTES);
        let thread = named.spawn(move || {
            // No work comes where the crew is dropped.
            if let Ok(work) = given.recv() {
                work();
            }
        })?;
        Ok(Idle { work, thread })
    }
}

impl Crew {
    /// One crew for each session, all of them or none. A session of so many threads has the caller's and the others from
    /// its crew.
    ///
    /// # Errors
    /// [`Error::Threads`].
    pub fn for_each(threads: &[usize]) -> Result<Vec<Crew>> {
        let others = |threads: &usize| threads.saturating_sub(1);
        let wanted = threads.iter().map(others).sum();
        let mut started = 0;
        let mut crew = |threads| {
            let crew = Crew(Mutex::default());
            for _ in 0..others(threads) {
                let refused = |reason: std::io::Error| Error::Threads { wanted, started, reason: reason.to_string() };
                crew.idle().push(Idle::start().map_err(refused)?);
                started += 1;
            }
            Ok(crew)
        };
        threads.iter().map(&mut crew).collect()
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl ThreadManager for Crew {
    type Thread = JoinHandle<()>;

    fn create(&self, work: impl FnOnce() + Send + 'static) -> ort::Result<JoinHandle<()>> {
        let idle = self.idle().pop().ok_or_else(|| ort::Error::new("more threads than were started"))?;
        let Idle { work: sender, thread } = idle;
        sender.send(Box::new(work)).map_err(|_| ort::Error::new("a thread has ended too early"))?;
        Ok(thread)
    }

    fn join(thread: JoinHandle<()>) -> ort::Result<()> {
        thread.join().map_err(|_| ort::Error::new("a thread has panicked"))
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for Idle { work, thread } in self.idle().drain(..) {
            drop(work);
            // None of its code may run once the library is closed. It has done nothing, so it hasn't panicked.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crews_have_a_thread_less_than_each_session_asks_for_and_do_their_work() {
        // Its errors are made by ONNX Runtime.
        crate::runtime::environment::Runtime::get().unwrap();
        let crews = Crew::for_each(&[3, 3]).unwrap();
        let (sender, numbers) = mpsc::channel();
        let mut threads = Vec::new();
        for crew in &crews {
            for _ in 0..2 {
                let sender = sender.clone();
                threads.push(crew.create(move || sender.send(thread::current().id()).unwrap()).unwrap());
            }
            assert!(crew.create(|| ()).is_err());
        }
        threads.into_iter().for_each(|thread| Crew::join(thread).unwrap());
        let mut ids: Vec<_> = numbers.try_iter().map(|id| format!("{id:?}")).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 4, "each on a thread of its own: {ids:?}");
    }

    #[test]
    fn crew_for_one_thread_is_empty() {
        assert!(Crew::for_each(&[1, 1, 1]).unwrap().iter().all(|crew| crew.idle().is_empty()));
    }
}
