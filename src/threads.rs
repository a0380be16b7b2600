//! Work side by side on threads that end with it.
//!
//! Enters: jobs that know nothing of each other. Leaves: what they gave, in their order, whichever thread did them.

use std::{
    panic,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::{memory, runtime::float_mode};

/// Without so much a thread isn't started: its stack may be there, and the last bytes for its thread-local data not, where
/// glibc ends the process.
const HELPER_BYTES: usize = 32 << 20;

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
