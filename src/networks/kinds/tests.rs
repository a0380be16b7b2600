//! Answers that are worked out by hand, by arithmetic in the place of networks.

use ndarray::{Array3, ArrayD, Axis, s};

use super::*;
use crate::{
    contract::{
        classes::Normalise,
        network::{Activation, Axis as Along, Beyond, Blend, Dropout, Noise},
    },
    networks::{
        made::{self, Arithmetic, Decode},
        network::Draws,
    },
    progress::CancelToken,
    space::grid::Grid,
};

/// Nothing is drawn.
const DRAWS: Draws = Draws { samples: 1, dropout: Vec::new(), noise: Vec::new() };

/// Logits are the image itself: of slices without neighbours (1, H, W), of boxes (1, D, H, W).
fn same(image: &ArrayD<f32>, _: usize, _: &Draws, _: usize) -> ArrayD<f32> {
    image.index_axis(Axis(0), 0).to_owned()
}

fn sampling(samples: usize) -> Sampling {
    let (uncertainty, kinds) = (Uncertainty::Variance, Uncertainty::ALL);
    Sampling { seed: 3, samples, batch: 8, threshold: 0.5, uncertainty, kinds }
}

fn one(decode: Decode) -> Cutting<Arithmetic> {
    Cutting::One(Box::new(Arithmetic::new(decode)))
}

fn two(coarse: Decode, fine: Decode) -> Cutting<Arithmetic> {
    let [coarse, fine] = [coarse, fine].map(|decode| Box::new(Arithmetic::new(decode)));
    Cutting::Hybrid { coarse, fine }
}

/// What is asked: a volume of voxels of `spacing_mm` (i, j, k) and a region of it.
struct Asked {
    grid: Grid,
    voxels: Array3<f32>,
    region: Array3<bool>,
    classes: usize,
    sampling: Sampling,
}

impl Asked {
    /// All voxels of a volume [k, j, i] of 1 mm.
    fn of(shape: [usize; 3], value: impl Fn(usize, usize, usize) -> f32) -> Self {
        let [depth, height, width] = shape;
        Asked {
            grid: Grid::axial([width, height, depth], [1.0; 3]),
            voxels: Array3::from_shape_fn(shape, |(k, j, i)| value(k, j, i)),
            region: Array3::from_elem(shape, true),
            classes: 1,
            sampling: sampling(1),
        }
    }

    fn spaced(mut self, k_mm: f64) -> Self {
        self.grid.spacing_mm[2] = k_mm;
        self
    }

    fn samples(self, samples: usize) -> Self {
        Asked { sampling: sampling(samples), ..self }
    }

    fn images(&self) -> Images<'_> {
        let as_it_is = Normalise::Standard { mean: 0.0, deviation: 1.0, clip: None };
        Images::new(&self.grid, [(&self.voxels, as_it_is)], &CancelToken::new()).unwrap()
    }

    fn try_by(
        &self,
        spec: &network::Network,
        networks: &mut Cutting<Arithmetic>,
        monitor: &mut Monitor<'_>,
    ) -> Result<Answers> {
        let mut segmenter = OfKind::new("segment", spec, self.classes, networks).segmenter();
        let clicks = Clicks { inside: vec![[0, 0, 0]], outside: Vec::new() };
        segmenter.segment(&self.images(), &self.region, &clicks, &self.sampling, Stage::Segment, monitor)
    }

    fn by(&self, spec: &network::Network, networks: &mut Cutting<Arithmetic>) -> Answers {
        self.try_by(spec, networks, &mut Monitor::silent()).unwrap()
    }

    /// Logits that the mean probabilities of the first class stand for, along k at row and column 0.
    fn logits_along_k(&self, spec: &network::Network, networks: &mut Cutting<Arithmetic>) -> Vec<f64> {
        self.by(spec, networks).classes[0].probability.slice(s![.., 0, 0]).iter().map(|p| logit(*p)).collect()
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn logit(p: f32) -> f64 {
    (f64::from(p) / (1.0 - f64::from(p))).ln()
}

fn near(got: f32, wanted: f64) {
    assert!((f64::from(got) - wanted).abs() < 1e-6, "{got}, not {wanted}: single precision");
}

/// Logits come back from probabilities in single precision.
fn all_near(got: &[f64], wanted: &[f64]) {
    let off = got.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(got.len() == wanted.len() && off < 2e-5, "{got:?}, not {wanted:?}");
}

#[test]
fn slice_of_two_members_has_their_mean_and_variance_and_no_more_samples_than_members() {
    let members: Decode = |image, member, _, _| same(image, member, &DRAWS, 0) + [3f32.ln(), -(3f32.ln())][member];
    let mut spec = made::slice();
    spec.members = made::members(2);
    let answers = Asked::of([2, 3, 4], |_, _, _| 0.0).samples(25).by(&spec, &mut one(members));
    let class = &answers.classes[0];
    // Probabilities 3/4 and 1/4.
    class.probability.iter().for_each(|p| near(*p, 0.5));
    class.uncertainty.iter().for_each(|variance| near(*variance, 0.0625));
    class.kinds[0].iter().for_each(|entropy| near(*entropy, 1.0));
    assert_eq!(class.samples.samples(), 2);
    assert_eq!(class.samples.from(0).count(), 24);
    assert!(class.samples.from(0).all(|(_, bits)| bits == [0b01]), "the first member alone");
}

#[test]
fn slice_without_anything_random_is_one_sample_without_variance() {
    for scout in [None, Some(0.1)] {
        let mut spec = made::slice();
        spec.scout.threshold = scout;
        let mut networks = one(same);
        let answers = Asked::of([1, 2, 3], |_, j, i| (j + i) as f32 - 1.0).samples(25).by(&spec, &mut networks);
        let class = &answers.classes[0];
        for ((_, j, i), p) in class.probability.indexed_iter() {
            near(*p, sigmoid((j + i) as f64 - 1.0));
            assert_eq!([class.kinds[1][[0, j, i]], class.kinds[2][[0, j, i]]], [0.0, 0.0]);
        }
        // Sums 2 and 3 lie above one half: voxels 2, 4 and 5.
        assert_eq!(class.samples.from(0).collect::<Vec<_>>(), [(2, &[1][..]), (4, &[1][..]), (5, &[1][..])]);
        assert_eq!(class.samples.samples(), 1);
        let Cutting::One(network) = networks else { panic!("one network") };
        assert_eq!((network.encoded.len(), network.decoded.len()), (1, 1), "it is decoded once");
    }
}

#[test]
fn slice_scouted_by_members_is_sampled_where_their_mean_logit_is_high_and_settled_elsewhere() {
    let members: Decode = |image, member, _, _| same(image, member, &DRAWS, 0) + [4.0, -2.0][member];
    let mut spec = made::slice();
    spec.members = made::members(2);
    spec.scout.threshold = Some(0.5);
    // Mean logits -9 in columns 0 to 3, 1 in columns 4 to 7.
    let asked = Asked::of([1, 4, 8], |_, _, i| if i < 4 { -10.0 } else { 0.0 }).samples(2);
    let answers = asked.by(&spec, &mut one(members));
    let class = &answers.classes[0];
    let (high, low) = (sigmoid(4.0), sigmoid(-2.0));
    for ((_, j, i), p) in class.probability.indexed_iter() {
        near(*p, if i < 4 { sigmoid(-9.0) } else { (high + low) / 2.0 });
        near(class.uncertainty[[0, j, i]], if i < 4 { 0.0 } else { ((high - low) / 2.0).powi(2) });
    }
    assert!(class.samples.from(0).all(|(index, bits)| index % 8 >= 4 && bits == [0b01]));
    assert_eq!(class.samples.from(0).count(), 16);
}

/// Logits are the image plus the place in it: 1 a column, 10 a row, 100 a slice.
fn placed(image: &ArrayD<f32>, _: usize, _: &Draws, _: usize) -> ArrayD<f32> {
    let mut logits = image.index_axis(Axis(0), 0).to_owned();
    let last = logits.ndim() - 1;
    let place = |index: &ndarray::IxDyn| {
        let slice = if last == 3 { index[1] } else { 0 };
        (index[last] + 10 * index[last - 1] + 100 * slice) as f32
    };
    logits.indexed_iter_mut().for_each(|(index, value)| *value += 0.01 * place(&index));
    logits
}

#[test]
fn flips_are_samples_whose_answers_are_turned_back() {
    for (mut spec, boxes) in [(made::slice(), false), (made::patch([3, 4, 5]), true)] {
        spec.random.flips = vec![Along::I, Along::J, Along::K];
        let value = |k: usize, j: usize, i: usize| (k as f32 - j as f32 + 0.5 * i as f32) / 4.0;
        let answers = Asked::of([3, 4, 5], value).samples(25).by(&spec, &mut one(placed));
        let class = &answers.classes[0];
        assert_eq!(class.samples.samples(), 8);
        for ((k, j, i), p) in class.probability.indexed_iter() {
            let at = |n: usize, len: usize, mirrored: usize| if mirrored > 0 { len - 1 - n } else { n };
            let of_flip = |flip: usize| {
                let slice = if boxes { at(k, 3, flip & 4) } else { 0 };
                let place = at(i, 5, flip & 1) + 10 * at(j, 4, flip & 2) + 100 * slice;
                sigmoid(f64::from(value(k, j, i)) + 0.01 * place as f64)
            };
            near(*p, (0..8).map(of_flip).sum::<f64>() / 8.0);
        }
    }
}

#[test]
fn two_classes_by_softmax_share_a_voxel_with_the_background_in_every_kind() {
    // Logits 0, ln 2, ln 3: shares 1/6, 1/3, 1/2.
    let three: Decode = |image, _, _, _| {
        let like = image.index_axis(Axis(0), 0).mapv(|_| 0.0);
        let channels = [0.0, 2f32.ln(), 3f32.ln()].map(|logit| like.mapv(|x| x + logit));
        ndarray::concatenate(Axis(0), &channels.each_ref().map(|c| c.view())).unwrap()
    };
    let softmax = |mut spec: network::Network| {
        spec.calibration.activation = Activation::Softmax;
        spec
    };
    let mut spaced = made::slice();
    spaced.grid.spacing_mm[0] = Some(1.5);
    let hybrid = made::hybrid(made::patch([4, 5, 6]), made::slice(), 0.5, vec![0.5, 0.5]);
    for (spec, mut networks) in [
        (softmax(made::slice()), one(three)),
        (softmax(spaced), one(three)),
        (softmax(made::patch([2, 3, 4])), one(three)),
        (softmax(hybrid), two(three, three)),
    ] {
        let mut asked = Asked::of([4, 5, 6], |_, _, _| 0.0);
        asked.classes = 2;
        asked.sampling.threshold = 0.4;
        let answers = asked.by(&spec, &mut networks);
        let [one, two] = &answers.classes[..] else { panic!("two classes") };
        one.probability.iter().for_each(|p| near(*p, 1.0 / 3.0));
        two.probability.iter().for_each(|p| near(*p, 0.5));
        assert_eq!((one.samples.from(0).count(), two.samples.from(0).count()), (0, 120), "{:?}", spec.kind);
        near(answers.into_probability()[[0, 0, 0]], 0.5);
    }
}

#[test]
fn slices_of_their_own_spacing_are_put_back_linearly_along_k() {
    let square: Decode = |image, _, _, _| same(image, 0, &DRAWS, 0).mapv(|mm| mm * mm / 16.0);
    let mut spec = made::slice();
    spec.grid.spacing_mm[0] = Some(2.0);
    // The image says where it lies, in mm. Slices of 1.5 mm: 0 to 6 mm; the network's at 0, 2, 4, 6 mm say 0, 4, 16, 36.
    let asked = Asked::of([5, 2, 2], |k, _, _| 1.5 * k as f32).spaced(1.5);
    let mut networks = one(square);
    let wanted = [0.0, 3.0, 10.0, 21.0, 36.0].map(|square| square / 16.0);
    all_near(&asked.logits_along_k(&spec, &mut networks), &wanted);
    let Cutting::One(network) = networks else { panic!("one network") };
    assert_eq!(network.encoded.len(), 4, "each slice once");
    // Of a region of one slice only the two slices beside it are looked at.
    let mut asked = asked;
    asked.region = Array3::from_shape_fn((5, 2, 2), |(k, ..)| k == 2);
    let mut networks = one(square);
    let got = asked.logits_along_k(&spec, &mut networks);
    assert!((got[2] - 10.0 / 16.0).abs() < 1e-5, "{got:?}");
    assert_eq!(asked.by(&spec, &mut networks).classes[0].probability[[1, 0, 0]], 0.0);
    let Cutting::One(network) = networks else { panic!("one network") };
    assert_eq!(network.encoded.len(), 4, "two slices, twice");
}

#[test]
fn slices_of_their_own_spacing_that_is_the_ct_s_say_what_slices_of_the_ct_say() {
    let mut spec = made::slice();
    spec.random.noise = vec![Noise::standard("noise", 1)];
    let noisy: Decode = |image, member, draws, row| same(image, member, draws, row) + draws.noise[0][[row, 0]];
    let asked = Asked::of([4, 20, 37], |k, j, i| ((k + 3 * j + 5 * i) % 7) as f32 - 3.0).samples(7);
    let plain = asked.by(&spec, &mut one(noisy));
    for scout in [None, Some(0.6)] {
        spec.scout.threshold = scout;
        let direct = asked.by(&spec, &mut one(noisy));
        spec.grid.spacing_mm[0] = Some(1.0);
        let blended = asked.by(&spec, &mut one(noisy));
        spec.grid.spacing_mm[0] = None;
        let maps = |answers: &Answers| answers.classes[0].probability.clone();
        let off = |a: Array3<f32>, b: Array3<f32>| (a - b).iter().fold(0.0, |most: f32, x| most.max(x.abs()));
        assert!(off(maps(&direct), maps(&blended)) < 1e-6);
        if scout.is_none() {
            assert!(plain.classes[0].samples.from(0).eq(blended.classes[0].samples.from(0)), "samples differ");
        }
    }
}

/// Logits of a box are its mean.
fn mean(image: &ArrayD<f32>, _: usize, _: &Draws, _: usize) -> ArrayD<f32> {
    let mean = image.mean().unwrap();
    same(image, 0, &DRAWS, 0).mapv(|_| mean)
}

#[test]
fn patches_that_overlap_are_blended_by_their_weights() {
    let row = |spec: &network::Network, width: usize| -> Vec<f64> {
        let answers = Asked::of([2, 2, width], |_, _, i| i as f32).by(spec, &mut one(mean));
        answers.classes[0].probability.slice(s![1, 0, ..]).iter().map(|p| logit(*p)).collect()
    };
    // Boxes at columns 0 and 2 say 1.5 and 3.5.
    let mut spec = made::patch([2, 2, 4]);
    all_near(&row(&spec, 6), &[1.5, 1.5, 2.5, 2.5, 3.5, 3.5]);
    // The last box ends with the volume: columns 0, 2 and 3 say 1.5, 3.5 and 4.5.
    all_near(&row(&spec, 7), &[1.5, 1.5, 2.5, 9.5 / 3.0, 4.0, 4.0, 4.5]);
    // Deviations are an eighth of the size. Along k and j each voxel lies half a voxel, two deviations, off the middle. Column 2
    // lies one deviation off the middle of the first box and three off that of the second, whose weight is the least there is.
    spec.grid.blend = Some(Blend::Gaussian);
    let near_middle = (-4.0f64 - 0.5).exp();
    let wanted = (1.5 * near_middle + 3.5 * 1e-3) / (near_middle + 1e-3);
    all_near(&row(&spec, 6), &[1.5, 1.5, wanted, 5.0 - wanted, 3.5, 3.5]);
}

#[test]
fn patches_on_a_grid_of_their_own_are_read_and_put_back_linearly() {
    let mut spec = made::patch([4, 2, 2]);
    spec.grid.spacing_mm[0] = Some(2.0);
    let square: Decode = |image, _, _, _| same(image, 0, &DRAWS, 0).mapv(|mm| mm * mm / 16.0);
    // As for slices: slices of 1.5 mm, the network's voxels at 0, 2, 4, 6 mm say 0, 4, 16, 36.
    let asked = Asked::of([5, 2, 2], |k, _, _| 1.5 * k as f32).spaced(1.5);
    all_near(&asked.logits_along_k(&spec, &mut one(square)), &[0.0, 3.0, 10.0, 21.0, 36.0].map(|x| x / 16.0));
}

#[test]
fn patch_of_a_finding_is_one_box_around_it_and_says_nothing_elsewhere() {
    let mut asked = Asked::of([20, 20, 20], |_, _, _| 1.0);
    let inside = |(k, j, i): (usize, usize, usize)| k.abs_diff(9) < 3 && j.abs_diff(4) < 3 && i.abs_diff(12) < 3;
    asked.region = Array3::from_shape_fn((20, 20, 20), inside);
    let mut spec = made::patch([8, 8, 8]);
    spec.clicks = Some(network::Clicks { input: "clicks".into(), decay_mm: 5.0, candidates: false });
    let mut networks = one(same);
    let answers = asked.by(&spec, &mut networks);
    for (index, p) in answers.classes[0].probability.indexed_iter() {
        near(*p, if inside(index) { sigmoid(1.0) } else { 0.0 });
    }
    let Cutting::One(network) = networks else { panic!("one network") };
    assert_eq!(network.encoded.iter().map(|call| call.1.clone()).collect::<Vec<_>>(), [vec![1, 1, 8, 8, 8]]);
    // The box begins at slice 5, row 0, column 8; the click inside is at voxel 0.
    let maps = network.decoded[0].1.as_ref().expect("it takes clicks");
    assert_eq!(maps.shape(), [1, 2, 8, 8, 8]);
    let wanted = |k: f64, j: f64, i: f64| (-(k * k + j * j + i * i).sqrt() / 5.0).exp();
    near(maps[[0, 0, 0, 0, 0]], wanted(5.0, 0.0, 8.0));
    near(maps[[0, 0, 3, 2, 1]], wanted(8.0, 2.0, 9.0));
    assert!(maps.slice(s![0, 1, .., .., ..]).iter().all(|value| *value == 0.0));
}

/// A patch network whose boxes grow, of 5 voxels of 1 mm.
fn growing() -> network::Network {
    let mut spec = made::patch([5; 3]);
    spec.grid = network::Grid { overlap: None, beyond: Beyond::Repeat, grows: true, ..spec.grid };
    spec
}

#[test]
fn patches_that_grow_show_a_large_finding_in_one_box_and_put_its_answers_back_linearly() {
    // Seventeen columns are 16 mm where a box has 4: voxels of 4 mm, at columns 2, 6, 10, 14 and 18, which say 0, 1, 4, 9, 16.
    let mut asked = Asked::of([9, 9, 24], |_, _, i| (i as f32 - 2.0) / 4.0);
    asked.region = Array3::from_shape_fn((9, 9, 24), |(k, j, i)| k == 4 && j == 4 && (2..19).contains(&i));
    let square: Decode = |image, _, _, _| same(image, 0, &DRAWS, 0).mapv(|steps| steps * steps / 4.0);
    let mut networks = one(square);
    let answers = asked.by(&growing(), &mut networks);
    let row = answers.classes[0].probability.slice(s![4, 4, 2..19]).to_owned();
    let wanted = |n: usize| {
        let (low, share) = (n / 4, (n % 4) as f64 / 4.0);
        ((low * low) as f64 * (1.0 - share) + ((low + 1) * (low + 1)) as f64 * share) / 4.0
    };
    all_near(&row.iter().map(|p| logit(*p)).collect::<Vec<_>>(), &(0..17).map(wanted).collect::<Vec<_>>());
    assert_eq!(answers.classes[0].probability.iter().filter(|p| **p > 0.0).count(), 17, "nothing else is said");
    let Cutting::One(network) = networks else { panic!("one network") };
    assert_eq!(network.encoded.iter().map(|call| call.1.clone()).collect::<Vec<_>>(), [vec![1, 1, 5, 5, 5]]);
}

#[test]
fn patches_that_grow_by_different_factors_are_blended_where_they_meet() {
    // Column 4 is seen in a box at columns 2 to 6, columns 6 to 14 in one of 2 mm voxels at 6, 8 … 14: their means are 4 and 10.
    let mut asked = Asked::of([1, 1, 20], |_, _, i| i as f32 / 4.0);
    asked.region = Array3::from_shape_fn((1, 1, 20), |(_, _, i)| i == 4 || (6..15).contains(&i));
    let answers = asked.by(&growing(), &mut one(mean));
    let said = |i: usize| logit(answers.classes[0].probability[[0, 0, i]]);
    // Column 6 lies in both.
    all_near(&[said(4), said(6), said(7), said(14)], &[1.0, 1.75, 2.5, 2.5]);
}

#[test]
fn patches_of_a_volume_smaller_than_a_box_see_its_edge_repeated() {
    let mut spec = made::patch([8, 2, 2]);
    spec.grid.beyond = Beyond::Repeat;
    // Five slices, from the third voxel of eight on: 0, 0, 0, 1, 2, 3, 4, 4.
    let asked = Asked::of([5, 2, 2], |k, _, _| k as f32);
    all_near(&asked.logits_along_k(&spec, &mut one(mean)), &[14.0 / 8.0; 5]);
    all_near(&asked.logits_along_k(&spec, &mut one(same)), &[0.0, 1.0, 2.0, 3.0, 4.0]);
    let hybrid = made::hybrid(spec, made::slice(), 0.0, vec![0.5]);
    all_near(&asked.logits_along_k(&hybrid, &mut two(mean, same)), &[14.0 / 8.0; 5]);
}

#[test]
fn patches_of_a_volume_smaller_than_a_box_lie_in_the_middle_of_zeros() {
    let mut spec = made::patch([8, 2, 2]);
    spec.grid.beyond = Beyond::Zero;
    // Five slices from the second voxel of eight on, as MONAI and nnU-Net pad them: 0, 1, 2, 3, 4, 5, 0, 0.
    let asked = Asked::of([5, 2, 2], |k, _, _| k as f32 + 1.0);
    all_near(&asked.logits_along_k(&spec, &mut one(mean)), &[15.0 / 8.0; 5]);
    // Voxels of 2 mm at slices 0, 2, 4: the box is 0, 0, 1, 3, 5, 0, 0, 0.
    spec.grid.spacing_mm = [Some(2.0), None, None];
    all_near(&asked.logits_along_k(&spec, &mut one(mean)), &[9.0 / 8.0; 5]);
    all_near(&asked.logits_along_k(&spec, &mut one(same)), &[1.0, 2.0, 3.0, 4.0, 5.0]);
}

#[test]
fn patches_sampled_in_any_batch_give_the_same_bits_and_the_samples_of_every_box_are_the_same_networks() {
    let mut spec = made::patch([3, 4, 4]);
    spec.members = made::members(2);
    spec.random.flips = vec![Along::I];
    spec.random.noise = vec![Noise::standard("noise", 2)];
    spec.random.dropout = vec![Dropout { input: "drop".into(), channels: 1, rate: 0.5 }];
    let drawn: Decode = |image, member, draws, row| {
        same(image, 0, &DRAWS, 0) * draws.dropout[0][[row, 0]] + draws.noise[0][[row, 1]] + member as f32
    };
    let mut asked = Asked::of([7, 9, 10], |_, _, _| 0.25).samples(11);
    let whole = asked.by(&spec, &mut one(drawn));
    // The image is constant: sample s says the same everywhere, however many boxes a voxel lies in.
    let class = &whole.classes[0];
    let (p, bits) = (class.probability[[0, 0, 0]], class.samples.get(0).unwrap().to_vec());
    class.probability.iter().for_each(|other| near(*other, f64::from(p)));
    assert!(class.samples.from(0).count() == 630 && class.samples.from(0).all(|(_, own)| own == bits));
    let random = network::Random { flips: Vec::new(), ..spec.random.clone() };
    let draws = crate::networks::sampler::Sampler::new(&random, 1, 3).draws(&(0..11).collect::<Vec<_>>());
    let of_sample =
        |s: usize| sigmoid(f64::from(0.25 * draws.dropout[0][[s, 0]] + draws.noise[0][[s, 1]] + (s % 2) as f32));
    near(p, (0..11).map(of_sample).sum::<f64>() / 11.0);
    for batch in [1, 2, 25] {
        asked.sampling.batch = batch;
        let other = asked.by(&spec, &mut one(drawn));
        assert_eq!(other.classes[0].probability, class.probability);
        assert_eq!(other.classes[0].uncertainty, class.uncertainty);
        assert!(other.classes[0].samples.from(0).eq(class.samples.from(0)), "samples differ");
    }
}

/// The coarse logits are the image; their foreground is least sure where that is near 0: slices 1 and 3.
fn five_slices() -> Asked {
    Asked::of([5, 2, 2], |k, _, _| [-4.0, 0.0, -3.0, 1.0, -5.0][k])
}

const FINE: Decode = |image, _, _, _| same(image, 0, &DRAWS, 0) / 2.0 + 2.0;

#[test]
fn hybrid_interpolates_the_slices_that_the_fine_network_did_not_see_and_blends_by_its_weight() {
    let asked = five_slices();
    let hybrid = |share: f64, weight: f64| made::hybrid(made::patch([5, 2, 2]), made::slice(), share, vec![weight]);
    let coarse = [-4.0, 0.0, -3.0, 1.0, -5.0];
    let blended = |weight: f64, fine: [f64; 5]| {
        std::array::from_fn::<f64, 5, _>(|k| (1.0 - weight) * coarse[k] + weight * fine[k])
    };
    // Two of five slices: 1 says 2, 3 says 2.5; between them the mean, beyond them the nearest.
    let mut networks = two(same, FINE);
    let got = asked.logits_along_k(&hybrid(0.4, 0.25), &mut networks);
    all_near(&got, &blended(0.25, [2.0, 2.0, 2.25, 2.5, 2.5]));
    let Cutting::Hybrid { coarse: seen, fine } = networks else { panic!("two networks") };
    assert_eq!((seen.encoded.len(), fine.encoded.len()), (1, 2), "the one answer that it has is asked for once");
    let mut sampled = hybrid(0.4, 0.25);
    sampled.hybrid.as_mut().expect("it is one").coarse.members = made::members(2);
    let mut networks = two(same, FINE);
    all_near(&asked.logits_along_k(&sampled, &mut networks), &got);
    let Cutting::Hybrid { coarse: seen, .. } = networks else { panic!("two networks") };
    assert_eq!(seen.encoded.len(), 3, "both members to choose, the first one for the one sample that is asked for");
    // Every slice; none; one.
    let all = std::array::from_fn(|k| coarse[k] / 2.0 + 2.0);
    all_near(&asked.logits_along_k(&hybrid(1.0, 0.25), &mut two(same, FINE)), &blended(0.25, all));
    all_near(&asked.logits_along_k(&hybrid(0.0, 0.25), &mut two(same, FINE)), &coarse);
    all_near(&asked.logits_along_k(&hybrid(0.2, 1.0), &mut two(same, FINE)), &[2.0; 5]);
}

#[test]
fn hybrid_of_members_blends_sample_by_sample() {
    let coarse: Decode = |image, member, _, _| same(image, 0, &DRAWS, 0) * 0.0 + [1.0, -1.0][member];
    let fine: Decode = |image, member, _, _| same(image, 0, &DRAWS, 0) * 0.0 + [3.0, 0.0, -2.0][member];
    let (mut patch, mut slice) = (made::patch([5, 2, 2]), made::slice());
    (patch.members, slice.members) = (made::members(2), made::members(3));
    let spec = made::hybrid(patch, slice, 0.6, vec![0.5]);
    let answers = five_slices().samples(25).by(&spec, &mut two(coarse, fine));
    // Samples 0 to 5: members 0 1 0 1 0 1 of the one, 0 1 2 0 1 2 of the other.
    let logits = [2.0, -0.5, -0.5, 1.0, 0.5, -1.5];
    let class = &answers.classes[0];
    let mean = logits.iter().map(|x| sigmoid(*x)).sum::<f64>() / 6.0;
    let variance = logits.iter().map(|x| (sigmoid(*x) - mean).powi(2)).sum::<f64>() / 6.0;
    class.probability.iter().for_each(|p| near(*p, mean));
    class.uncertainty.iter().for_each(|own| near(*own, variance));
    assert_eq!(class.samples.samples(), 6);
    assert!(class.samples.from(0).all(|(_, bits)| bits == [0b011001]));
}

#[test]
fn hybrid_whose_coarse_network_is_always_the_same_gives_its_answer_to_each_sample_of_the_fine_one() {
    let coarse: Decode = |image, _, _, _| same(image, 0, &DRAWS, 0) * 0.0 + 1.0;
    let fine: Decode = |image, member, _, _| same(image, 0, &DRAWS, 0) * 0.0 + [3.0, -4.0][member];
    let mut slice = made::slice();
    slice.members = made::members(2);
    let spec = made::hybrid(made::patch([5, 2, 2]), slice.clone(), 1.0, vec![0.5]);
    let answers = five_slices().samples(25).by(&spec, &mut two(coarse, fine));
    let mean = (sigmoid(2.0) + sigmoid(-1.5)) / 2.0;
    answers.classes[0].probability.iter().for_each(|p| near(*p, mean));
    assert_eq!(answers.classes[0].samples.samples(), 2);
    // Where the fine network sees no slice there is one sample, whatever it draws.
    let spec = made::hybrid(made::patch([5, 2, 2]), slice, 0.0, vec![0.5]);
    let answers = five_slices().samples(25).by(&spec, &mut two(coarse, fine));
    answers.classes[0].probability.iter().for_each(|p| near(*p, sigmoid(1.0)));
    assert_eq!(answers.classes[0].samples.samples(), 1);
}

#[test]
fn hybrid_by_softmax_blends_what_each_network_says_against_its_own_background() {
    // Against the background 1 and -1: together 0.
    let coarse: Decode = |image, _, _, _| {
        let zeros = same(image, 0, &DRAWS, 0) * 0.0;
        ndarray::concatenate(Axis(0), &[(&zeros + 5.0).view(), (&zeros + 6.0).view()]).unwrap()
    };
    let fine: Decode = |image, _, _, _| {
        let zeros = same(image, 0, &DRAWS, 0) * 0.0;
        ndarray::concatenate(Axis(0), &[(&zeros + 40.0).view(), (&zeros + 39.0).view()]).unwrap()
    };
    let mut spec = made::hybrid(made::patch([5, 2, 2]), made::slice(), 1.0, vec![0.5]);
    spec.calibration.activation = Activation::Softmax;
    let answers = five_slices().by(&spec, &mut two(coarse, fine));
    answers.classes[0].probability.iter().for_each(|p| near(*p, 0.5));
}

/// 4 slices of 4 × 6 pixels. The coarse logits are the image, 3 inside and -3 outside: slice 1 has columns 2 and 3 of rows 1
/// and 2 inside, slice 2 the pixel (0, 5), the others nothing.
fn two_shapes() -> Asked {
    let inside = |k: usize, j: usize, i: usize| match k {
        1 => (1..3).contains(&j) && (2..4).contains(&i),
        2 => (j, i) == (0, 5),
        _ => false,
    };
    Asked::of([4, 4, 6], move |k, j, i| if inside(k, j, i) { 3.0 } else { -3.0 - k as f32 / 8.0 })
}

/// A hybrid that hands two points inside, one outside, a box and the mean of cubes of two voxels.
fn handing(share: f64) -> network::Network {
    let mut fine = made::slice();
    fine.grid.multiple = 2;
    let mut spec = made::hybrid(made::patch([4, 4, 4]), fine, share, vec![0.5]);
    let hybrid = spec.hybrid.as_mut().expect("it is one");
    hybrid.prompts = serde_json::from_str(
        r#"{ "points": "p", "labels": "l", "box": "b", "positive": 2, "negative": 1, "ring_mm": [1, 2], "box_margin_mm": 1 }"#,
    )
    .expect("as the contract has it");
    hybrid.features = serde_json::from_str(
        r#"[{ "output": "middle", "input": "coarse", "channels": 1, "stride": 2, "fine_stride": 2 }]"#,
    )
    .expect("as the contract has it");
    spec
}

/// Means over cubes of two voxels of an image (1, 1, D, H, W).
fn cubes(image: &ArrayD<f32>) -> Vec<ArrayD<f32>> {
    let [depth, height, width] = [2, 3, 4].map(|axis| image.shape()[axis] / 2);
    let mean = |k: usize, j: usize, i: usize| {
        let cube = image.slice(s![0, 0, 2 * k..2 * k + 2, 2 * j..2 * j + 2, 2 * i..2 * i + 2]);
        cube.mean().expect("eight voxels")
    };
    let means = Array3::from_shape_fn((depth, height, width), |(k, j, i)| mean(k, j, i));
    vec![means.insert_axis(Axis(0)).insert_axis(Axis(0)).into_dyn()]
}

/// What the fine network was handed, call by call.
fn handed_to_fine(asked: &Asked, spec: &network::Network) -> Vec<crate::networks::handed::Handed> {
    let mut networks = two(same, same);
    if let Cutting::Hybrid { coarse, .. } = &mut networks {
        coarse.features = cubes;
    }
    asked.by(spec, &mut networks);
    let Cutting::Hybrid { fine, .. } = networks else { panic!("two networks") };
    fine.handed
}

#[test]
fn hybrid_hands_points_and_a_box_of_each_slice_that_the_fine_network_sees() {
    let handed = handed_to_fine(&two_shapes(), &handing(1.0));
    assert_eq!(handed.len(), 4);
    let prompted = |n: usize| handed[n].prompted.clone().expect("it takes prompts");
    // All of slice 1 is as probable: first (1, 2), then (2, 3), √2 mm off. More than 1 and up to 2 mm off, and first of all:
    // (0, 1). The box is columns 2 to 3, rows 1 to 2, and 1 mm more.
    assert_eq!(prompted(1).points, ndarray::array![[2.0, 1.0], [3.0, 2.0], [1.0, 0.0]]);
    assert_eq!((prompted(1).labels, prompted(1).bounds), (vec![1.0, 1.0, 0.0], [1.0, 0.0, 4.0, 3.0]));
    // One pixel in the corner: (0, 3) is 2 mm off. The box ends with the image.
    assert_eq!(prompted(2).points, ndarray::array![[5.0, 0.0], [0.0, 0.0], [3.0, 0.0]]);
    assert_eq!((prompted(2).labels, prompted(2).bounds), (vec![1.0, -1.0, 0.0], [4.0, 0.0, 5.0, 1.0]));
    for n in [0, 3] {
        assert_eq!(
            (prompted(n).labels, prompted(n).bounds),
            (vec![-1.0; 3], [0.0, 0.0, 5.0, 3.0]),
            "nothing is inside"
        );
    }
    // Half of the slices: those that the coarse network is least sure of. Inside and outside are equally sure in slice 0; slices
    // become surer from there on.
    assert_eq!(handed_to_fine(&two_shapes(), &handing(0.5)), handed[..2]);
    assert!(handed_to_fine(&two_shapes(), &handing(0.0)).is_empty());
}

#[test]
fn hybrid_hands_features_that_lie_where_the_slice_has_them() {
    // Along i boxes of 4 begin at 0 and 2; their cubes lie on the same grid. A ramp is a ramp in the middle of the cubes as well,
    // and constant from there to the end of a box.
    let asked = Asked::of([4, 4, 6], |k, j, i| (100 * k + 10 * j + i) as f32 / 64.0);
    let handed = handed_to_fine(&asked, &handing(1.0));
    for (k, handed) in handed.iter().enumerate() {
        let [feature] = &handed.features[..] else { panic!("one feature") };
        assert_eq!(feature.dim(), (1, 2, 3));
        let along_k = (k as f32).clamp(0.5, 2.5);
        for ((_, row, column), value) in feature.indexed_iter() {
            let wanted = (100.0 * along_k + 10.0 * (2.0 * row as f32 + 0.5) + 2.0 * column as f32 + 0.5) / 64.0;
            assert!((value - wanted).abs() < 1e-5, "{k} {row} {column}: {value}, not {wanted}");
        }
    }
}

#[test]
fn hybrid_hands_each_sample_the_same_whatever_their_number_and_mirrors_it_with_the_slice() {
    let mut spec = handing(1.0);
    let hybrid = spec.hybrid.as_mut().expect("it is one");
    hybrid.fine.random.flips = vec![Along::I];
    hybrid.coarse.random.noise = vec![Noise::standard("noise", 1)];
    let alone = handed_to_fine(&two_shapes().samples(1), &spec);
    let both = handed_to_fine(&two_shapes().samples(2), &spec);
    let many = handed_to_fine(&two_shapes().samples(7), &spec);
    assert_eq!((alone.len(), both.len()), (4, 8), "an orientation a call");
    assert_eq!(many, both);
    for (k, own) in alone.iter().enumerate() {
        let flip = crate::networks::flips::Flip { i: true, ..Default::default() };
        assert_eq!((&both[2 * k], &both[2 * k + 1]), (own, &own.mirrored(flip, [4, 6])));
    }
}

#[test]
fn detector_of_any_kind_takes_one_deterministic_pass_and_says_nothing_outside_the_search_region() {
    let members: Decode = |image, member, draws, row| {
        let kept = draws.dropout[0][[row, 0]];
        same(image, 0, &DRAWS, 0) * kept + draws.noise[0][[row, 0]] + [0.0, 3.0][member]
    };
    let random = |mut spec: network::Network| {
        spec.members = made::members(2);
        spec.random.dropout = vec![Dropout { input: "drop".into(), channels: 1, rate: 0.5 }];
        spec.random.noise = vec![Noise::standard("noise", 1)];
        spec.random.flips = vec![Along::I];
        spec
    };
    let mut spaced = made::slice();
    spaced.grid.spacing_mm[0] = Some(2.0);
    for spec in [random(made::slice()), random(spaced), random(made::patch([3, 3, 4]))] {
        let asked = Asked::of([5, 6, 7], |_, _, i| i as f32 / 10.0);
        let search = Array3::from_shape_fn((5, 6, 7), |(k, j, i)| k > 1 && (j + i) % 3 == 0);
        let mut networks = one(members);
        let mut detector = OfKind::new("detect", &spec, 1, &mut networks).detector(Stage::Segment);
        let found = detector.detect(&asked.images(), &search, &mut Monitor::silent()).unwrap();
        for ((k, j, i), p) in found.indexed_iter() {
            near(*p, if search[[k, j, i]] { sigmoid(i as f64 / 10.0 + 1.5) } else { 0.0 });
        }
    }
}

#[test]
fn segment_of_every_kind_ends_when_it_is_cancelled_and_tells_how_far_it_is() {
    let mut spaced = made::slice();
    spaced.grid.spacing_mm[0] = Some(1.5);
    let hybrid = || made::hybrid(made::patch([3, 4, 4]), made::slice(), 0.5, vec![0.5]);
    for (spec, hybrid) in [(made::slice(), false), (spaced, false), (made::patch([3, 4, 4]), false), (hybrid(), true)] {
        let networks = || if hybrid { two(same, same) } else { one(same) };
        let asked = Asked::of([6, 7, 8], |k, _, _| k as f32 - 3.0);
        let mut told: Vec<f64> = Vec::new();
        let mut sink = |p: crate::progress::Progress| told.push(p.fraction);
        let mut monitor = Monitor::new(CancelToken::new(), &mut sink).over(&[Stage::Segment]);
        asked.try_by(&spec, &mut networks(), &mut monitor).unwrap();
        let rises = told.windows(2).all(|pair| pair[0] <= pair[1]);
        assert!(told.len() > 3 && rises && told.last() == Some(&1.0), "{:?}: {told:?}", spec.kind);
        for after in 0..told.len() {
            let token = CancelToken::new();
            let (from_callback, mut calls) = (token.clone(), 0);
            let mut sink = |_: crate::progress::Progress| {
                if calls == after {
                    from_callback.cancel();
                }
                calls += 1;
            };
            let mut monitor = Monitor::new(token, &mut sink);
            let ended = asked.try_by(&spec, &mut networks(), &mut monitor);
            assert_eq!(ended.map(|_| ()).unwrap_err().name(), "E_CANCELLED", "{:?}", spec.kind);
        }
    }
}

#[test]
fn segment_by_boxes_larger_than_the_volume_is_refused_by_the_name_of_the_network() {
    let asked = Asked::of([5, 6, 7], |_, _, _| 0.0);
    let refused = |spec: &network::Network, mut networks: Cutting<Arithmetic>| {
        let error = asked.try_by(spec, &mut networks, &mut Monitor::silent()).map(|_| ()).unwrap_err();
        assert_eq!(error.name(), "E_BOX");
        error.to_string()
    };
    let text = refused(&made::patch([5, 6, 8]), one(same));
    assert!(text.contains("'segment'") && text.contains("5 x 6 x 8") && text.contains("5 x 6 x 7"), "{text}");
    let hybrid = made::hybrid(made::patch([6, 6, 7]), made::slice(), 0.5, vec![0.5]);
    let text = refused(&hybrid, two(same, same));
    assert!(text.contains("'segment.hybrid.coarse'"), "{text}");
}

#[test]
fn segment_of_an_empty_region_says_nothing() {
    let mut spaced = made::slice();
    spaced.grid.spacing_mm[0] = Some(1.5);
    for spec in [made::slice(), spaced, made::patch([3, 4, 4])] {
        let mut asked = Asked::of([5, 6, 7], |_, _, _| 1.0);
        asked.region.fill(false);
        let answers = asked.by(&spec, &mut one(same));
        assert!(answers.classes[0].probability.iter().all(|p| *p == 0.0));
    }
}
