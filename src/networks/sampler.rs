//! Sample s as a pure function of (seed, s): member, flip, dropout masks, noise.
//!
//! Enters: what is random in a network, how many members it has, the seed. Leaves: passes, which are the samples that share
//! an encoder and an orientation, and what is drawn for each sample. Sample s is drawn by member s mod M; it sees the volume in
//! orientation (s div M) mod F; its masks and noise are those of (seed, s). No slice, box, batch or call number goes in.

use ndarray::Array2;

use super::{dropout, flips::Flip, network::Draws, noise};
use crate::contract::network::{Network, Random};

/// Draws the samples of one network.
#[derive(Debug, Clone, Copy)]
pub struct Sampler<'a> {
    random: &'a Random,
    members: usize,
    seed: u64,
}

/// Samples that share one encoder pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// Whose encoder and decoder.
    pub member: usize,
    /// How they see the volume.
    pub flip: Flip,
    /// Which samples, rising.
    pub samples: Vec<usize>,
}

impl<'a> Sampler<'a> {
    /// Draws for `members` members in which `random` is random.
    pub fn new(random: &'a Random, members: usize, seed: u64) -> Self {
        Sampler { random, members: members.max(1), seed }
    }

    /// Draws for the members of `network`.
    pub fn of(network: &'a Network, seed: u64) -> Self {
        Sampler::new(&network.random, network.members.len(), seed)
    }

    /// How many samples differ from each other; `None`: any number does.
    pub fn different(&self) -> Option<usize> {
        (!self.is_drawn()).then(|| self.members * self.flips())
    }

    /// True where the graphs take draws of T samples.
    pub fn has_inputs(&self) -> bool {
        !self.random.dropout.is_empty() || !self.random.noise.is_empty()
    }

    /// The passes of samples 0 to `samples` − 1, in the order in which they run and are added up: by their first sample.
    pub fn passes(&self, samples: usize) -> Vec<Pass> {
        let period = self.members * self.flips();
        let pass = |first: usize| Pass {
            member: first % self.members,
            flip: Flip::number(first / self.members, &self.random.flips),
            samples: (first..samples).step_by(period).collect(),
        };
        (0..period.min(samples)).map(pass).collect()
    }

    /// What is drawn for these samples.
    pub fn draws(&self, samples: &[usize]) -> Draws {
        let dropout = self.random.dropout.iter().enumerate();
        let noise = self.random.noise.iter().enumerate();
        Draws {
            samples: samples.len(),
            dropout: dropout.map(|(n, d)| dropout::masks(self.seed, samples, n, d.channels, d.rate)).collect(),
            noise: noise.map(|(n, z)| noise::draws(self.seed, samples, n, z)).collect(),
        }
    }

    /// The deterministic network, as one sample: every channel is kept and the noise is 0.
    pub fn settled(&self) -> Draws {
        Draws {
            samples: 1,
            dropout: self.random.dropout.iter().map(|d| dropout::identity(d.channels)).collect(),
            noise: self.random.noise.iter().map(|z| Array2::zeros((1, z.rank))).collect(),
        }
    }

    /// Number of members.
    pub fn members(&self) -> usize {
        self.members
    }

    fn flips(&self) -> usize {
        Flip::count(&self.random.flips)
    }

    fn drops(&self) -> bool {
        self.random.dropout.iter().any(|dropout| dropout.rate > 0.0)
    }

    fn is_drawn(&self) -> bool {
        self.drops() || !self.random.noise.is_empty()
    }

    /// What makes so many samples differ, as text.
    fn sources(&self, samples: usize) -> Vec<String> {
        let members = self.members.min(samples);
        let flips = self.flips().min(samples.div_ceil(self.members));
        let some = |there: bool, text: &dyn Fn() -> String| there.then(text);
        let sources = [
            some(members > 1, &|| format!("members {members}")),
            some(flips > 1, &|| format!("flips {flips}")),
            some(self.drops(), &|| "dropout".into()),
            some(!self.random.noise.is_empty(), &|| "noise".into()),
        ];
        sources.into_iter().flatten().collect()
    }
}

/// How many samples of `network` differ from each other; `None`: any number does. A hybrid's sample s is sample s of both its
/// networks.
pub fn different(network: &Network) -> Option<usize> {
    let of_parts: Option<Vec<usize>> =
        parts(network).into_iter().map(|(_, part)| Sampler::of(part, 0).different()).collect();
    of_parts.map(|counts| counts.into_iter().fold(1, least_common_multiple))
}

/// How many samples are drawn where `asked` were asked for: no more than differ.
pub fn drawn(network: &Network, asked: usize) -> usize {
    different(network).map_or(asked, |different| asked.min(different))
}

/// What makes `samples` samples of `network` differ, such as "members 3", "flips 2", "dropout", "noise", in a hybrid each
/// with "coarse" or "fine" before it; empty for one deterministic network. Members and flips that draw none don't count.
pub fn sources(network: &Network, samples: usize) -> Vec<String> {
    let named = |(name, part): (&'static str, &Network)| -> Vec<String> {
        Sampler::of(part, 0).sources(samples).into_iter().map(|source| format!("{name}{source}")).collect()
    };
    parts(network).into_iter().flat_map(named).collect()
}

/// The networks that are sampled, each with what its sources are told by. A fine network that sees no slice is not.
fn parts(network: &Network) -> Vec<(&'static str, &Network)> {
    match &network.hybrid {
        Some(hybrid) if hybrid.share_of_slices == 0.0 => vec![("coarse ", &hybrid.coarse)],
        Some(hybrid) => vec![("coarse ", &hybrid.coarse), ("fine ", &hybrid.fine)],
        None => vec![("", network)],
    }
}

fn least_common_multiple(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::network::{Axis, Dropout, Noise},
        networks::made,
    };

    fn random(rate: Option<f64>, rank: Option<usize>, flips: &[Axis]) -> Random {
        let dropout = rate.map(|rate| Dropout { input: "drop".into(), channels: 16, rate });
        let noise = rank.map(|rank| Noise::standard("noise", rank));
        Random { dropout: dropout.into_iter().collect(), noise: noise.into_iter().collect(), flips: flips.to_vec() }
    }

    #[test]
    fn passes_hold_each_sample_once_with_its_member_and_flip() {
        let random = random(Some(0.5), None, &[Axis::J, Axis::I]);
        let sampler = Sampler::new(&random, 3, 0);
        let passes = sampler.passes(25);
        assert_eq!(passes.len(), 12);
        let mut seen = [false; 25];
        for pass in &passes {
            for s in &pass.samples {
                assert_eq!((pass.member, pass.flip), (s % 3, Flip::number(s / 3 % 4, &random.flips)), "sample {s}");
                assert!(!std::mem::replace(&mut seen[*s], true));
            }
        }
        assert_eq!(seen, [true; 25]);
        assert_eq!(passes[0].samples, [0, 12, 24]);
        assert_eq!(sampler.passes(2).len(), 2);
        assert_eq!(Sampler::new(&Random::default(), 1, 0).passes(25).len(), 1);
    }

    #[test]
    fn draws_of_a_sample_are_the_same_in_any_company() {
        let random = random(Some(0.5), Some(5), &[]);
        let sampler = Sampler::new(&random, 2, 9);
        let all = sampler.draws(&[4, 0, 7]);
        let alone = sampler.draws(&[7]);
        assert_eq!(all.dropout[0].row(2), alone.dropout[0].row(0));
        assert_eq!(all.noise[0].row(2), alone.noise[0].row(0));
        assert_eq!((all.samples, alone.samples), (3, 1));
        let settled = sampler.settled();
        assert!(settled.dropout[0].iter().all(|factor| *factor == 1.0));
        assert!(settled.noise[0].iter().all(|draw| *draw == 0.0));
    }

    #[test]
    fn different_is_without_bound_with_dropout_or_noise_and_members_times_flips_without() {
        let count = |random: Random, members: usize| Sampler::new(&random, members, 0).different();
        assert_eq!(count(random(Some(0.1), None, &[]), 1), None);
        assert_eq!(count(random(None, Some(2), &[]), 3), None);
        assert_eq!(count(random(None, None, &[Axis::K, Axis::I]), 3), Some(12));
        assert_eq!(count(random(Some(0.0), None, &[]), 2), Some(2), "a rate of 0 drops nothing");
        assert_eq!(count(Random::default(), 1), Some(1));
    }

    #[test]
    fn sources_of_a_network_and_of_a_hybrid_are_named_and_limit_what_is_drawn() {
        let mut network = made::slice();
        assert!(sources(&network, 25).is_empty());
        assert_eq!(drawn(&network, 25), 1);
        network.members = made::members(3);
        network.random = random(None, None, &[Axis::I]);
        assert_eq!(sources(&network, 25), ["members 3", "flips 2"]);
        assert_eq!(sources(&network, 2), ["members 2"]);
        assert_eq!((drawn(&network, 25), drawn(&network, 4)), (6, 4));
        let hybrid = made::hybrid(made::patch([4; 3]), network.clone(), 0.5, vec![0.5]);
        assert_eq!(sources(&hybrid, 25), ["fine members 3", "fine flips 2"]);
        assert_eq!(drawn(&hybrid, 25), 6);
        network.random = random(Some(0.2), Some(1), &[]);
        assert_eq!(sources(&network, 25), ["members 3", "dropout", "noise"]);
        assert_eq!(drawn(&network, 25), 25);
        let mut coarse = made::patch([4; 3]);
        coarse.members = made::members(4);
        let mut fine = made::slice();
        fine.random = random(None, None, &[Axis::I]);
        assert_eq!(
            drawn(&made::hybrid(coarse, fine, 0.5, vec![0.5]), 25),
            4,
            "all four, and both flips, come again after 4"
        );
    }
}
