//! From findings to nodules: each is measured in the maps of its class.

use ndarray::Array3;

use super::{decide::Findings, whole::Whole};
use crate::{
    contract::{
        classes::{Class, Output, Region, Unit},
        model::Model,
        uncertainty::Uncertainty,
    },
    error::Result,
    findings::{
        canonical::Canonical,
        nodule::{Finding, Nodule, Rules, measure_those},
        place::Lungs,
    },
    networks::answers::ClassAnswer,
    progress::CancelToken,
    space::volume::Volume,
};

/// What is measured, and in what.
#[derive(Debug)]
pub struct Measured<'a> {
    /// The contract.
    pub model: &'a Model,
    /// Values that means are taken of.
    pub ct: &'a Volume<f32>,
    /// The maps.
    pub whole: &'a Whole,
    /// Which uncertainty they show.
    pub uncertainty: Uncertainty,
    /// Where the lungs are; `None` where nobody looked.
    pub lungs: Option<Lungs<'a>>,
}

impl<'a> Measured<'a> {
    /// The nodules of all findings; where the output is regions, those of the derived regions behind them, with the numbers
    /// behind those of the classes.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`] or [`crate::Error::OutOfMemory`].
    pub fn all(&self, found: &Findings, cancel: &CancelToken) -> Result<Vec<Nodule>> {
        let finding = |id: u16| found.list.get(usize::from(id) - 1).copied();
        let mut nodules = self.those(&found.labels, finding, cancel)?;
        if self.model.output == Output::Regions {
            for (n, region) in self.model.regions.iter().enumerate() {
                nodules.extend(self.region(&found.labels, n, region, cancel)?);
            }
        }
        Ok(nodules)
    }

    /// The nodules of those numbers that `finding` knows.
    ///
    /// # Errors
    /// As [`Measured::all`].
    pub fn those(
        &self,
        labels: &Array3<u16>,
        finding: impl Fn(u16) -> Option<Finding>,
        cancel: &CancelToken,
    ) -> Result<Vec<Nodule>> {
        let maps =
            |finding: &Finding| self.maps(labels, self.whole.classes.get(finding.class).unwrap_or(&self.whole.all));
        self.under_rules(&self.model.classes, |rules| measure_those(labels, finding, maps, rules, cancel))
    }

    /// A region that several classes make up: a sample's region is what it gives to any of them.
    fn region(&self, labels: &Array3<u16>, n: usize, region: &Region, cancel: &CancelToken) -> Result<Vec<Nodule>> {
        let id = (self.model.classes.len() + n + 1) as u16;
        let is_of = |class: &Class| region.of.contains(&class.name);
        let own: Vec<bool> = std::iter::once(false).chain(self.model.classes.iter().map(is_of)).collect();
        let labels = labels.mapv(|label| if own[usize::from(label)] { id } else { 0 });
        let mut all = self.whole.all.clone();
        let mut classes = self.whole.classes.iter().zip(&self.model.classes).filter(|(_, class)| is_of(class));
        if let Some((first, _)) = classes.next() {
            all.samples = classes.try_fold(first.samples.clone(), |joined, (class, _)| joined.or(&class.samples))?;
        }
        let as_class = Class { name: region.name.clone(), code: region.code.clone(), colour: region.colour };
        let finding = |other: u16| (other == id).then(Finding::default);
        let maps = |_: &Finding| self.maps(&labels, &all);
        self.under_rules(&[as_class], |rules| measure_those(&labels, finding, maps, rules, cancel))
    }

    fn maps<'b>(&'b self, labels: &'b Array3<u16>, answer: &'b ClassAnswer) -> Canonical<'b> {
        let ClassAnswer { probability, uncertainty, samples, .. } = answer;
        Canonical { ct: self.ct, probability, uncertainty, labels, samples }
    }

    fn under_rules<T>(&self, classes: &[Class], measure: impl FnOnce(Rules<'_>) -> T) -> T {
        let hounsfield = self.model.channels.iter().any(|channel| channel.unit == Unit::Hounsfield);
        let review = self.model.review.under(self.uncertainty, self.model.sampling.uncertainty);
        measure(Rules {
            review: &review,
            uncertainty: self.model.uncertainty.as_ref(),
            classes,
            hounsfield,
            lungs: self.lungs,
        })
    }
}
