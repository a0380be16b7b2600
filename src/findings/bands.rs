//! Size bands: between which limits of three guidelines a nodule's diameter and volume lie, and how often its samples'
//! do.
//!
//! Facts about a size, not a category and no recommendation: what a guideline makes of a size depends on much else.
//!
//! - ACR Lung-RADS v2022: mean diameter to 0.1 mm with limits at 4, 6, 8, 15 and 30 mm; the volumes of balls of these
//!   diameters as it gives them, in whole mm³: 34, 113, 268, 1767 and 14137.
//! - Fleischner Society 2017 (MacMahon et al., Radiology 284:228): mean of long and short axis in whole mm, below 6, 6
//!   to 8, above 8 mm; below 100, 100 to 250, above 250 mm³.
//! - British Thoracic Society 2015 (Callister et al., Thorax 70 Suppl 2): largest diameter with limits at 5, 6 and 8
//!   mm, here the axial long axis; 80 and 300 mm³.

use super::{axes::Axes, samples::SampleVolumes};

/// How often the samples lie in a band.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// The band, such as `6 to <8 mm`.
    pub name: &'static str,
    /// Share of the samples, 0 to 1.
    pub probability: f64,
}

/// The band of one size by one guideline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bands {
    /// The band that the nodule itself lies in; empty where its size isn't known.
    pub own: &'static str,
    /// All bands by rising size with their share of the samples; a sample that misses the nodule lies in the lowest.
    pub shares: Vec<Share>,
}

/// The bands of a nodule.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SizeBands {
    /// Of the mean diameter by Lung-RADS v2022.
    pub lung_rads_diameter: Bands,
    /// Of the volume by Lung-RADS v2022.
    pub lung_rads_volume: Bands,
    /// Of the mean diameter by Fleischner 2017.
    pub fleischner_diameter: Bands,
    /// Of the volume by Fleischner 2017.
    pub fleischner_volume: Bands,
    /// Of the axial long axis by BTS 2015.
    pub bts_diameter: Bands,
    /// Of the volume by BTS 2015.
    pub bts_volume: Bands,
}

/// Limits of one guideline: names of the bands by rising size, the lower end of each but the first, and how finely
/// sizes are given.
struct Scale<const N: usize> {
    names: [&'static str; N],
    from: &'static [f64],
    /// Steps of a size in 1 mm or 1 mm³.
    steps: f64,
}

const LUNG_RADS_DIAMETER: Scale<6> = Scale {
    names: ["<4 mm", "4 to <6 mm", "6 to <8 mm", "8 to <15 mm", "15 to <30 mm", ">=30 mm"],
    from: &[4.0, 6.0, 8.0, 15.0, 30.0],
    steps: 10.0,
};
const LUNG_RADS_VOLUME: Scale<6> = Scale {
    names: ["<34 mm³", "34 to <113 mm³", "113 to <268 mm³", "268 to <1767 mm³", "1767 to <14137 mm³", ">=14137 mm³"],
    from: &[34.0, 113.0, 268.0, 1767.0, 14137.0],
    steps: 1.0,
};
/// In whole mm what is above 8 begins at 9.
const FLEISCHNER_DIAMETER: Scale<3> = Scale { names: ["<6 mm", "6 to 8 mm", ">8 mm"], from: &[6.0, 9.0], steps: 1.0 };
const FLEISCHNER_VOLUME: Scale<3> =
    Scale { names: ["<100 mm³", "100 to 250 mm³", ">250 mm³"], from: &[100.0, 251.0], steps: 1.0 };
const BTS_DIAMETER: Scale<4> =
    Scale { names: ["<5 mm", "5 to <6 mm", "6 to <8 mm", ">=8 mm"], from: &[5.0, 6.0, 8.0], steps: 10.0 };
const BTS_VOLUME: Scale<3> =
    Scale { names: ["<80 mm³", "80 to <300 mm³", ">=300 mm³"], from: &[80.0, 300.0], steps: 1.0 };

impl<const N: usize> Scale<N> {
    fn band(&self, size: f64) -> usize {
        let given = (size * self.steps).round() / self.steps;
        self.from.iter().filter(|from| given >= **from).count()
    }

    /// The band of a size, and of that under each sample; without samples nobody knows how probable a band is.
    fn bands(&self, own: f64, samples: &[f64]) -> Bands {
        if samples.is_empty() {
            return Bands { own: self.names[self.band(own)], shares: Vec::new() };
        }
        let mut counts = [0usize; N];
        samples.iter().for_each(|size| counts[self.band(*size)] += 1);
        let share = |count: usize| count as f64 / samples.len() as f64;
        let shares = self.names.iter().zip(counts).map(|(name, count)| Share { name, probability: share(count) });
        Bands { own: self.names[self.band(own)], shares: shares.collect() }
    }
}

impl SizeBands {
    /// Of an outline with these axial axes and this volume in mm³, and of those under the samples.
    pub fn of(axes: Axes, volume_mm3: f64, sampled: &SampleVolumes) -> Self {
        let of_samples = |size: fn(&Axes) -> f64| sampled.axes().iter().map(size).collect::<Vec<f64>>();
        let (means, longs) = (of_samples(|axes| axes.mean_mm()), of_samples(|axes| axes.long_mm));
        // The mean of both axes as they are: rounded once, to whole mm.
        let halves = of_samples(|axes| (axes.long_mm + axes.short_mm) / 2.0);
        let half = (axes.long_mm + axes.short_mm) / 2.0;
        let volumes = sampled.volumes_mm3();
        SizeBands {
            lung_rads_diameter: LUNG_RADS_DIAMETER.bands(axes.mean_mm(), &means),
            lung_rads_volume: LUNG_RADS_VOLUME.bands(volume_mm3, &volumes),
            fleischner_diameter: FLEISCHNER_DIAMETER.bands(half, &halves),
            fleischner_volume: FLEISCHNER_VOLUME.bands(volume_mm3, &volumes),
            bts_diameter: BTS_DIAMETER.bands(axes.long_mm, &longs),
            bts_volume: BTS_VOLUME.bands(volume_mm3, &volumes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<const N: usize>(scale: &Scale<N>, sizes: &[f64]) -> Vec<&'static str> {
        sizes.iter().map(|size| scale.names[scale.band(*size)]).collect()
    }

    #[test]
    fn band_begins_at_its_limit_as_the_guideline_gives_sizes() {
        assert_eq!(
            names(&LUNG_RADS_DIAMETER, &[0.0, 3.94, 3.95, 5.9, 6.0]),
            ["<4 mm", "<4 mm", "4 to <6 mm", "4 to <6 mm", "6 to <8 mm"]
        );
        assert_eq!(names(&LUNG_RADS_DIAMETER, &[8.0, 15.0, 30.0]), ["8 to <15 mm", "15 to <30 mm", ">=30 mm"]);
        assert_eq!(
            names(&LUNG_RADS_VOLUME, &[112.4, 112.5, 14137.0]),
            ["34 to <113 mm³", "113 to <268 mm³", ">=14137 mm³"]
        );
        // In whole mm: 5.5 is 6, 8.4 is 8, 8.5 is 9.
        assert_eq!(names(&FLEISCHNER_DIAMETER, &[5.4, 5.5, 8.4, 8.5]), ["<6 mm", "6 to 8 mm", "6 to 8 mm", ">8 mm"]);
        assert_eq!(
            names(&FLEISCHNER_VOLUME, &[99.0, 100.0, 250.0, 251.0]),
            ["<100 mm³", "100 to 250 mm³", "100 to 250 mm³", ">250 mm³"]
        );
        assert_eq!(
            names(&BTS_DIAMETER, &[4.9, 5.0, 6.0, 7.9, 8.0]),
            ["<5 mm", "5 to <6 mm", "6 to <8 mm", "6 to <8 mm", ">=8 mm"]
        );
        assert_eq!(
            names(&BTS_VOLUME, &[79.0, 80.0, 299.0, 300.0]),
            ["<80 mm³", "80 to <300 mm³", "80 to <300 mm³", ">=300 mm³"]
        );
    }

    #[test]
    fn lung_rads_volumes_are_those_of_balls_of_its_diameters() {
        for (mm, mm3) in [4.0f64, 6.0, 8.0, 15.0, 30.0].iter().zip(LUNG_RADS_VOLUME.from) {
            assert_eq!((std::f64::consts::PI * mm.powi(3) / 6.0).round(), *mm3);
        }
    }

    #[test]
    fn limits_are_one_less_than_bands_and_rise() {
        let rises = |names: usize, from: &[f64]| names == from.len() + 1 && from.is_sorted();
        assert!(rises(LUNG_RADS_DIAMETER.names.len(), LUNG_RADS_DIAMETER.from));
        assert!(rises(LUNG_RADS_VOLUME.names.len(), LUNG_RADS_VOLUME.from));
        assert!(rises(FLEISCHNER_DIAMETER.names.len(), FLEISCHNER_DIAMETER.from));
        assert!(rises(FLEISCHNER_VOLUME.names.len(), FLEISCHNER_VOLUME.from));
        assert!(rises(BTS_DIAMETER.names.len(), BTS_DIAMETER.from));
        assert!(rises(BTS_VOLUME.names.len(), BTS_VOLUME.from));
    }

    #[test]
    fn bands_have_the_share_of_the_samples_and_one_that_misses_is_in_the_lowest() {
        let Bands { own, shares } = BTS_VOLUME.bands(310.0, &[0.0, 100.0, 299.0, 300.0]);
        assert_eq!(own, ">=300 mm³");
        let shares: Vec<(&str, f64)> = shares.iter().map(|share| (share.name, share.probability)).collect();
        assert_eq!(shares, [("<80 mm³", 0.25), ("80 to <300 mm³", 0.5), (">=300 mm³", 0.25)]);
    }
}
