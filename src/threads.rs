//! Work side by side on threads that end with it.
//!
//! Enters: jobs that know nothing of each other. Leaves: what they gave, in their order, whichever thread did them, so that
//! results don't depend on the number of threads.
//!
//! How many threads there may be says who starts a piece of work ([`with`]); the steps below it only say what may be shared out
//! ([`share`]). Work that nobody said it of goes on one thread.

use std::{
    cell::Cell,
    convert::Infallible,
    ops::Range,
    panic,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::{memory, runtime::float_mode};

/// Without so much a thread isn't started: its stack may be there, and the last bytes for its thread-local data not, where
/// glibc ends the process.
const HELPER_BYTES: usize = 32 << 20;

/// Slices of a volume that one job of [`share`] takes: enough to be worth it, few enough that all threads end together.
pub const SLAB: usize = 16;

thread_local! {
    /// How many threads work that is begun on this one may use.
    static AT_ONCE: Cell<usize> = const { Cell::new(1) };
}

/// Lets `work` share itself out over so many threads, this one among them.
pub fn with<T>(threads: usize, work: impl FnOnce() -> T) -> T {
    struct Back(usize);
    impl Drop for Back {
        fn drop(&mut self) {
            AT_ONCE.set(self.0);
        }
    }
    let _back = Back(AT_ONCE.replace(threads.max(1)));
    work()
}

/// Does a job for each of `items`, on as many threads as there may be; what the jobs gave, in the items' order. Jobs share
/// nothing out themselves, unless there is only one.
///
/// # Errors
/// The first failed job's, by their order.
pub fn share<I: Send, T: Send, E: Send>(
    items: impl IntoIterator<Item = I>,
    work: impl Fn(I) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let items: Vec<Mutex<Option<I>>> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
    let take = |n: usize| items[n].lock().unwrap_or_else(PoisonError::into_inner).take().expect("each is taken once");
    let seats = AT_ONCE.get().min(items.len());
    if seats <= 1 {
        return (0..items.len()).map(|n| work(take(n))).collect();
    }
    side_by_side(&mut vec![(); seats], items.len(), |(), n| with(1, || work(take(n))))
}

/// The same for jobs that can't fail and give nothing.
pub fn each<I: Send>(items: impl IntoIterator<Item = I>, work: impl Fn(I) + Sync) {
    let done: Result<Vec<()>, Infallible> = share(items, |item| {
        work(item);
        Ok(())
    });
    done.unwrap_or_else(|never| match never {});
}

/// The slices of a volume of so many, [`SLAB`] by [`SLAB`].
pub fn slabs(slices: usize) -> impl Iterator<Item = Range<usize>> {
    (0..slices).step_by(SLAB).map(move |start| start..(start + SLAB).min(slices))
}

/// Does jobs 0 to `jobs`, each on one of `seats`, whichever is free; what they gave, in their order. The caller's thread has the
/// first seat; where a thread for another can't be started or memory is short, the others do its jobs. After a failure no new job begins.
///
/// # Errors
/// The first failed job's, by their order.
pub fn side_by_side<S: Send, T: Send, E: Send>(
    seats: &mut [S],
    jobs: usize,
    work: impl Fn(&mut S, usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let next = AtomicUsize::new(0);
    let sit = |seat: &mut S| {
        let mut done = Vec::new();
        loop {
            let job = next.fetch_add(1, Ordering::Relaxed);
            if job >= jobs {
                return done;
            }
            let given = work(seat, job);
            if given.is_err() {
                next.store(jobs, Ordering::Relaxed);
            }
            done.push((job, given));
        }
    };
    let Some((first, others)) = seats.split_first_mut() else { return Ok(Vec::new()) };
    let helpers = jobs.saturating_sub(1).min(others.len());
    let mut done = thread::scope(|scope| {
        let sit = &sit;
        let start = |seat| {
            memory::check_free(HELPER_BYTES, "a thread").ok()?;
            let named = thread::Builder::new().name("sam2lung".into());
            named.spawn_scoped(scope, move || float_mode::standard(|| sit(seat))).ok()
        };
        let helpers: Vec<_> = others[..helpers].iter_mut().filter_map(start).collect();
        let mut done = sit(first);
        for helper in helpers {
            done.extend(helper.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked)));
        }
        done
    });
    done.sort_by_key(|(job, _)| *job);
    done.into_iter().map(|(_, given)| given).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::{Barrier, Mutex};

    use super::*;

    #[test]
    fn side_by_side_jobs_come_back_in_their_order_and_run_at_the_same_time() {
        // Each of the first two waits for the other.
        let both = Barrier::new(2);
        let mut seats = [0, 0];
        let given = side_by_side(&mut seats, 7, |seat, job| {
            *seat += 1;
            if job < 2 {
                both.wait();
            }
            Ok::<_, ()>(job * job)
        });
        assert_eq!(given.unwrap(), [0, 1, 4, 9, 16, 25, 36]);
        assert_eq!(seats.iter().sum::<usize>(), 7);
        assert!(seats.iter().all(|jobs| *jobs > 0));
    }

    #[test]
    fn side_by_side_after_a_failure_begins_no_job_and_names_the_first() {
        let begun = Mutex::new(Vec::new());
        let given = side_by_side(&mut [()], 5, |(), job| {
            begun.lock().unwrap().push(job);
            if job == 2 { Err(job) } else { Ok(()) }
        });
        assert_eq!(given.unwrap_err(), 2);
        assert_eq!(*begun.lock().unwrap(), [0, 1, 2]);
        assert_eq!(side_by_side::<(), (), ()>(&mut [(), ()], 0, |(), _| Ok(())), Ok(Vec::new()));
    }

    #[test]
    fn share_uses_the_threads_it_was_given_and_none_where_none_were() {
        let here = thread::current().id();
        // Each of the first two waits for the other, so both threads work.
        let both = Barrier::new(2);
        let elsewhere = |wait: bool| {
            share(slabs(40), |slab| {
                if wait && slab.start < 2 * SLAB {
                    both.wait();
                }
                // A job's own jobs stay on its thread.
                let within = share(0..2, |_| Ok::<_, ()>(thread::current().id()))?;
                assert!(within.iter().all(|id| *id == thread::current().id()));
                Ok::<_, ()>((slab, thread::current().id() != here))
            })
            .unwrap()
        };
        let given = with(2, || elsewhere(true));
        assert_eq!(given.iter().map(|(slab, _)| slab.clone()).collect::<Vec<_>>(), [0..16, 16..32, 32..40]);
        assert!(given.iter().any(|(_, elsewhere)| *elsewhere));
        assert!(elsewhere(false).iter().all(|(_, elsewhere)| !elsewhere), "what was given ends with its work");
    }

    #[test]
    fn share_of_one_job_leaves_its_threads_to_it() {
        let both = Barrier::new(2);
        let inner = || share(0..2, |_| Ok::<_, ()>(both.wait().is_leader()));
        let given = with(2, || share([()], |()| inner())).unwrap();
        assert_eq!(given[0].iter().filter(|leads| **leads).count(), 1);
    }

    #[test]
    fn side_by_side_panic_of_a_helper_is_the_callers() {
        let both = Barrier::new(2);
        let caught = panic::catch_unwind(panic::AssertUnwindSafe(|| {
            side_by_side(&mut [true, false], 2, |first, _| {
                both.wait();
                assert!(*first, "a helper's");
                Ok::<_, ()>(())
            })
        }));
        assert!(caught.is_err());
    }
}
