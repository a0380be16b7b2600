//! The volumes of a run: checked, and brought to canonical orientation.
//!
//! Enters: one volume a channel of the model, in the model's order, as the caller has them. Leaves: the same volumes on one
//! canonical grid. What is checked in HU, and where lungs are looked for, are the channels in HU.

use crate::{
    contract::{
        classes::{Channel, Unit},
        model::Model,
    },
    error::{Error, Result},
    networks::{clicks::Clicks, images::Images},
    progress::CancelToken,
    space::{grid::Grid, orientation::Orientation, volume::Volume},
    steps::{
        check::{check_ct, check_values},
        hu::Densities,
    },
};

/// How far voxels of two channels may lie apart, in voxels: a header's rounding.
pub(super) const TOLERANCE_VOXELS: f64 = 0.01;

/// The volumes of a run in canonical orientation, one a channel.
#[derive(Debug)]
pub struct Scan {
    /// The way to the caller's grid and back.
    pub orientation: Orientation,
    /// One volume a channel.
    pub volumes: Vec<Volume<f32>>,
    /// Which of them are in HU.
    hounsfield: Vec<usize>,
}

/// Refuses volumes that aren't those of the model's channels; what the first one in HU is made of.
///
/// # Errors
/// [`Error::Channels`], [`Error::ChannelGrid`], and what [`check_ct`] and [`check_values`] refuse.
pub fn check(volumes: &[Volume<f32>], channels: &[Channel], cancel: &CancelToken) -> Result<Option<Densities>> {
    let [first, others @ ..] = volumes else { return Err(wrong_number(volumes, channels)) };
    if volumes.len() != channels.len() {
        return Err(wrong_number(volumes, channels));
    }
    for (volume, channel) in others.iter().zip(&channels[1..]) {
        let off = first.grid.voxels_off(&volume.grid);
        if !off.is_some_and(|off| off <= TOLERANCE_VOXELS) {
            let off = off.map_or(String::new(), |off| format!(", which lie up to {off:.2} voxels off"));
            return Err(Error::ChannelGrid {
                channel: channel.name.clone(),
                got: format!("has {}{off}", words(&volume.grid)),
                first: channels[0].name.clone(),
                expected: words(&first.grid),
            });
        }
    }
    let mut densities = None;
    for (volume, channel) in volumes.iter().zip(channels) {
        match channel.unit {
            Unit::Hounsfield => {
                let found = check_ct(volume, None, cancel)?;
                densities = densities.or(Some(found));
            }
            Unit::Arbitrary => check_values(volume, cancel)?,
        }
    }
    Ok(densities)
}

fn wrong_number(volumes: &[Volume<f32>], channels: &[Channel]) -> Error {
    let names: Vec<&str> = channels.iter().map(|channel| channel.name.as_str()).collect();
    let expected = format!("one volume for each channel of the model: {}", names.join(", "));
    Error::Channels { got: format!("{} volume(s)", volumes.len()), expected }
}

fn words(grid: &Grid) -> String {
    let ([i, j, k], [x, y, z]) = (grid.dims, grid.spacing_mm);
    format!("{i} x {j} x {k} voxels of {x:.4} x {y:.4} x {z:.4} mm")
}

impl Scan {
    /// The volumes, which [`check`] has seen, in canonical orientation.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] or [`Error::Cancelled`].
    pub fn oriented(volumes: Vec<Volume<f32>>, channels: &[Channel], cancel: &CancelToken) -> Result<Self> {
        let orientation = Orientation::of(&volumes[0].grid);
        let canonical = volumes.into_iter().map(|volume| orientation.to_canonical(volume, cancel));
        let hounsfield = channels.iter().enumerate().filter(|(_, channel)| channel.unit == Unit::Hounsfield);
        Ok(Scan {
            volumes: canonical.collect::<Result<_>>()?,
            hounsfield: hounsfield.map(|(n, _)| n).collect(),
            orientation,
        })
    }

    /// Where the voxels lie.
    pub fn grid(&self) -> &Grid {
        &self.volumes[0].grid
    }

    /// The first channel in HU.
    pub fn ct(&self) -> Option<&Volume<f32>> {
        self.hounsfield.first().map(|channel| &self.volumes[*channel])
    }

    /// The channels in HU, each with its number.
    pub fn hounsfield(&self) -> impl Iterator<Item = (usize, &Volume<f32>)> {
        self.hounsfield.iter().map(|channel| (*channel, &self.volumes[*channel]))
    }

    /// The volume that values are measured in: the first channel in HU, else the first.
    pub fn measured(self) -> Volume<f32> {
        let channel = self.hounsfield.first().copied().unwrap_or(0);
        self.volumes.into_iter().nth(channel).expect("a channel of its own")
    }

    /// Clicks on the caller's voxels as clicks on canonical ones.
    pub fn clicks(&self, native: &Clicks) -> Clicks {
        let voxel = |v: &[usize; 3]| self.orientation.canonical_ijk(v.map(|v| v as f64)).map(|v| v as usize);
        let canonical = |voxels: &[[usize; 3]]| voxels.iter().map(voxel).collect();
        Clicks { inside: canonical(&native.inside), outside: canonical(&native.outside) }
    }
}

/// The channels as networks are to see them: those of `scan`, and in the place of some what [`super::search`] lifted.
///
/// # Errors
/// [`Error::Cancelled`].
pub fn images<'a>(
    scan: &'a Scan,
    lifted: &'a [Option<Volume<f32>>],
    model: &Model,
    cancel: &CancelToken,
) -> Result<Images<'a>> {
    let shown = scan.volumes.iter().zip(lifted).map(|(own, lifted)| &lifted.as_ref().unwrap_or(own).voxels);
    let channels = shown.zip(&model.channels).map(|(voxels, channel)| (voxels, channel.normalise));
    Images::new(scan.grid(), channels, cancel)
}
