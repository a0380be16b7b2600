//! What a scanner makes of the chest: voxels with partial volume, a point spread and correlated noise.

use ndarray::{Array3, Axis, Zip};
use strum::{EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::{
    anatomy::{self, FIELD_MM, Point, lung_distance},
    lungs::Lungs,
    nodules::Nodule,
    pose::Pose,
    random::SplitMix64,
    vessels::Vessel,
};
use crate::space::grid::Grid;

/// Texture of the lung: distance of its lattice points, and its standard deviation there.
const TEXTURE_MM: f64 = 3.0;
const TEXTURE_HU: f32 = 22.0;
/// HU of blood.
const BLOOD_HU: f64 = 40.0;

/// The kernel that images are reconstructed with: how sharp they are in the axial plane, and how coarse their noise is. The
/// strength of the noise is [`Scanner::noise_hu`]'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, EnumMessage, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Kernel {
    /// Half of the contrast is left at 2.2 line pairs per cm.
    Soft,
    /// At 3.1, as a kernel for the body has it.
    #[default]
    Standard,
    /// At 5.2, as a kernel for the lung has it: edges are raised.
    Sharp,
}

impl Kernel {
    /// Standard deviation of the point spread in mm. Of a Gaussian half of the contrast is left at √(ln 2 / 2) / (π σ).
    fn point_spread_mm(self) -> f64 {
        match self {
            Kernel::Soft => 0.85,
            Kernel::Standard => 0.6,
            Kernel::Sharp => 0.45,
        }
    }

    /// By how much edges are raised: so often what a blur of [`EDGE_MM`] takes away is added again.
    fn edges(self) -> f32 {
        if self == Kernel::Sharp { 0.5 } else { 0.0 }
    }
}

/// Standard deviation of the blur by which edges are found, mm.
const EDGE_MM: f64 = 0.9;

/// How the phantom is scanned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scanner {
    /// Distance of voxels along i, j, k, in mm; slices are as thick as they are apart.
    pub spacing_mm: [f64; 3],
    /// Standard deviation of the noise, in HU.
    pub noise_hu: f64,
    /// How the patient lies and has breathed.
    pub pose: Pose,
    /// The kernel of the reconstruction.
    pub kernel: Kernel,
}

impl Default for Scanner {
    fn default() -> Self {
        Scanner { spacing_mm: [0.85, 0.85, 2.0], noise_hu: 22.0, pose: Pose::default(), kernel: Kernel::Standard }
    }
}

impl Scanner {
    /// The grid that covers the chest, with the patient on the back, head first.
    pub(super) fn grid(&self) -> Grid {
        let dims = std::array::from_fn(|a| (FIELD_MM[a] / self.spacing_mm[a]).floor() as usize);
        let mut grid = Grid::axial(dims, self.spacing_mm);
        let first = self.point([0.0; 3]);
        grid.origin_ras = to_ras(first);
        grid
    }

    /// The point of the chest at a voxel index.
    fn chest_point(&self, ijk: [f64; 3]) -> Point {
        self.pose.to_chest(self.point(ijk))
    }

    /// The point of the scanner at a voxel index.
    fn point(&self, ijk: [f64; 3]) -> Point {
        let start = [-FIELD_MM[0] / 2.0, -FIELD_MM[1] / 2.0, 0.0];
        std::array::from_fn(|a| start[a] + (ijk[a] + 0.5) * self.spacing_mm[a])
    }

    /// The chest without vessels, nodules and noise, in HU, and the aerated lung.
    pub(super) fn chest(&self, state: Lungs, dims: [usize; 3]) -> (Array3<f32>, Array3<bool>) {
        let shape = [dims[2], dims[1], dims[0]];
        let soft = self.spacing_mm[0].max(self.spacing_mm[1]);
        let at = |(k, j, i): (usize, usize, usize)| self.chest_point([i as f64, j as f64, k as f64]);
        let (mut hu, mut lungs) = (Array3::zeros(shape), Array3::from_elem(shape, false));
        Zip::indexed(&mut hu).and(&mut lungs).for_each(|index, hu, lung| {
            let (value, in_lung) = anatomy::tissue(at(index), state, soft);
            (*hu, *lung) = (value as f32, in_lung);
        });
        (hu, lungs)
    }

    /// Adds the lung's texture: noise on a lattice, linear in between.
    pub(super) fn add_texture(&self, random: &mut SplitMix64, lungs: &Array3<bool>, hu: &mut Array3<f32>) {
        let size: [usize; 3] = std::array::from_fn(|a| (FIELD_MM[2 - a] / TEXTURE_MM) as usize + 2);
        let lattice = Array3::from_shape_simple_fn(size, || TEXTURE_HU * random.bell());
        for (index, value) in hu.indexed_iter_mut().filter(|(index, _)| lungs[*index]) {
            *value += trilinear(&lattice, self.texture_place(index, size));
        }
    }

    /// Where on a lattice of `size` (k, j, i) the texture of a voxel is read; it moves with the chest.
    fn texture_place(&self, (k, j, i): (usize, usize, usize), size: [usize; 3]) -> [f64; 3] {
        if self.pose == Pose::default() {
            return std::array::from_fn(|a| [k, j, i][a] as f64 * self.spacing_mm[2 - a] / TEXTURE_MM);
        }
        let (p, first) = (self.chest_point([i as f64, j as f64, k as f64]), self.point([0.0; 3]));
        std::array::from_fn(|a| ((p[2 - a] - first[2 - a]) / TEXTURE_MM).clamp(0.0, (size[a] - 2) as f64))
    }

    /// Paints a vessel by the part of each voxel that it fills. Its course moves with the chest, its calibre stays.
    pub(super) fn paint_vessel(&self, vessel: &Vessel, hu: &mut Array3<f32>) {
        let vessel = &Vessel { ends: vessel.ends.map(|end| self.pose.to_scanner(end)), ..*vessel };
        let reach = vessel.radii[0].max(vessel.radii[1]);
        let low = std::array::from_fn(|a| vessel.ends[0][a].min(vessel.ends[1][a]) - reach);
        let high = std::array::from_fn(|a| vessel.ends[0][a].max(vessel.ends[1][a]) + reach);
        self.paint(hu, (low, high), [2, 2, 4], BLOOD_HU, |p| vessel.distance(p), |p| vessel.distance(p) <= 0.0);
    }

    /// Paints a nodule by the part of each voxel that it fills. Its centre moves with the chest; breath doesn't change its shape.
    pub(super) fn paint_nodule(&self, nodule: &Nodule, hu: &mut Array3<f32>) {
        let in_scanner = Nodule { centre: self.pose.to_scanner(nodule.centre), ..*nodule };
        let nodule = &in_scanner;
        let pleura = |p: Point| lung_distance(self.pose.to_chest(p)) < 0.0;
        let low = std::array::from_fn(|a| nodule.centre[a] - nodule.semi_axes[a]);
        let high = std::array::from_fn(|a| nodule.centre[a] + nodule.semi_axes[a]);
        self.paint(hu, (low, high), [4, 4, 8], nodule.hu(), |_| 0.0, |p| nodule.holds(p, pleura));
    }

    /// Mixes `value` into the voxels of a box by the part of `parts` samples that are inside. `near` bounds the distance
    /// to the shape from below, which spares samples.
    fn paint(
        &self,
        hu: &mut Array3<f32>,
        (low, high): (Point, Point),
        parts: [usize; 3],
        value: f64,
        near: impl Fn(Point) -> f64,
        inside: impl Fn(Point) -> bool,
    ) {
        let dims = [hu.shape()[2], hu.shape()[1], hu.shape()[0]];
        let first = self.point([0.0; 3]);
        let range = |a: usize| {
            let index = |mm: f64| (mm - first[a]) / self.spacing_mm[a];
            (index(low[a]).floor().max(0.0) as usize)
                ..((index(high[a]).ceil() + 1.0).clamp(0.0, dims[a] as f64) as usize)
        };
        let half_diagonal = self.spacing_mm.iter().map(|s| s * s).sum::<f64>().sqrt() / 2.0;
        let samples = parts.iter().product::<usize>();
        for k in range(2) {
            for j in range(1) {
                for i in range(0) {
                    let centre = [i as f64, j as f64, k as f64];
                    if near(self.point(centre)) > half_diagonal {
                        continue;
                    }
                    let offset = |n: usize, a: usize| centre[a] + (n as f64 + 0.5) / parts[a] as f64 - 0.5;
                    let sample = |n: usize| {
                        let (x, y, z) = (n % parts[0], n / parts[0] % parts[1], n / (parts[0] * parts[1]));
                        inside(self.point([offset(x, 0), offset(y, 1), offset(z, 2)]))
                    };
                    let hits = (0..samples).filter(|&n| sample(n)).count();
                    let voxel = &mut hu[[k, j, i]];
                    *voxel += (value as f32 - *voxel) * hits as f32 / samples as f32;
                }
            }
        }
    }

    /// Blurs by the point spread, adds noise and rounds to whole HU as a scanner stores them.
    pub(super) fn expose(&self, random: &mut SplitMix64, hu: &mut Array3<f32>) {
        self.reconstruct(hu);
        let mut noise = Array3::from_shape_simple_fn(hu.dim(), || random.bell());
        self.reconstruct(&mut noise);
        let power = noise.iter().map(|n| f64::from(*n).powi(2)).sum::<f64>() / noise.len() as f64;
        let scale = (self.noise_hu / power.sqrt()) as f32;
        hu.zip_mut_with(&noise, |hu, noise| *hu = (*hu + scale * noise).round().clamp(-1024.0, 3071.0));
    }

    /// What the kernel does to an image, and to noise alike.
    fn reconstruct(&self, volume: &mut Array3<f32>) {
        self.blur(volume, self.kernel.point_spread_mm());
        let edges = self.kernel.edges();
        if edges > 0.0 {
            let mut smooth = volume.clone();
            self.blur(&mut smooth, EDGE_MM);
            volume.zip_mut_with(&smooth, |value, smooth| *value += edges * (*value - smooth));
        }
    }

    /// Gaussian of `sigma_mm` along i and j.
    fn blur(&self, volume: &mut Array3<f32>, sigma_mm: f64) {
        for (axis, spacing) in [(2, self.spacing_mm[0]), (1, self.spacing_mm[1])] {
            let kernel = gaussian(sigma_mm / spacing);
            let reach = kernel.len() / 2;
            let mut line = vec![0.0; volume.shape()[axis]];
            for mut lane in volume.lanes_mut(Axis(axis)) {
                line.iter_mut().zip(&lane).for_each(|(to, from)| *to = *from);
                let last = line.len() - 1;
                for (index, value) in lane.iter_mut().enumerate() {
                    let tap = |n: usize| line[(index + n).saturating_sub(reach).min(last)];
                    *value = kernel.iter().enumerate().map(|(n, weight)| weight * tap(n)).sum();
                }
            }
        }
    }
}

/// RAS of a point of the chest.
pub(super) fn to_ras(p: Point) -> [f64; 3] {
    [-p[0], -p[1], p[2]]
}

fn gaussian(sigma: f64) -> Vec<f32> {
    let reach = (3.0 * sigma).ceil() as i32;
    let weights: Vec<f64> = (-reach..=reach).map(|n| (-0.5 * (f64::from(n) / sigma).powi(2)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| (w / sum) as f32).collect()
}

fn trilinear(lattice: &Array3<f32>, place: [f64; 3]) -> f32 {
    let low = place.map(|at| at as usize);
    let part = place.map(|at| at.fract() as f32);
    (0..8)
        .map(|corner| {
            let bit = |a: usize| corner >> a & 1;
            let weight: f32 = (0..3).map(|a| if bit(a) == 1 { part[a] } else { 1.0 - part[a] }).product();
            weight * lattice[[low[0] + bit(0), low[1] + bit(1), low[2] + bit(2)]]
        })
        .sum()
}
