//! Calls side by side: how many sessions a graph has.
//!
//! Two threads that each run a call of their own get through more calls than two that share the operators of one: they
//! never wait for each other, and small operators aren't cut up. So a graph that is asked for many calls at once, or for calls
//! that can be cut up, has several lanes, each a session of its own with a share of the threads. A call gives the same bits
//! in any lane.

/// A lane holds weights, and its calls take memory beside those of the other lanes from the engine's pool ([`super::pool`]): more of
/// them cost more than they save.
const MOST: usize = 4;
/// Weights that one lane more may hold, in bytes.
const MOST_BYTES: usize = 64 << 20;

/// How a graph is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// One after the other.
    Alone,
    /// In numbers, or as calls that can be cut up.
    Split,
    /// Side by side with those of other graphs.
    Beside,
}

/// Lanes of a graph, and threads of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lanes {
    /// How many there are.
    pub count: usize,
    /// Threads for one operator in each.
    pub threads: usize,
}

impl Lanes {
    /// Of a graph whose file has so many `bytes`.
    pub fn of(threads: usize, bytes: usize, calls: Calls) -> Self {
        match calls {
            Calls::Split if bytes <= MOST_BYTES => {
                let count = threads.clamp(1, MOST);
                Lanes { count, threads: (threads / count).max(1) }
            }
            Calls::Alone | Calls::Split => Lanes { count: 1, threads: threads.max(1) },
            Calls::Beside => Lanes { count: 1, threads: 1 },
        }
    }

    /// The same, no more than `most` of them, each as it was.
    pub fn at_most(self, most: usize) -> Self {
        Lanes { count: self.count.min(most), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_threads_are_shared_among_lanes_of_graphs_that_split() {
        let lanes = |threads, bytes, calls| {
            let Lanes { count, threads } = Lanes::of(threads, bytes, calls);
            (count, threads)
        };
        assert_eq!(lanes(2, 1000, Calls::Split), (2, 1));
        assert_eq!(lanes(2, 1000, Calls::Alone), (1, 2));
        assert_eq!(lanes(2, MOST_BYTES + 1, Calls::Split), (1, 2));
        assert_eq!(lanes(16, 1000, Calls::Split), (4, 4));
        assert_eq!(lanes(6, 1000, Calls::Split), (4, 1));
        assert_eq!(lanes(1, 1000, Calls::Split), (1, 1));
        assert_eq!(lanes(0, 1000, Calls::Split), (1, 1));
        assert_eq!(lanes(8, 1000, Calls::Beside), (1, 1));
        assert_eq!(Lanes::of(8, 1000, Calls::Split).at_most(1), Lanes { count: 1, threads: 2 });
    }
}
