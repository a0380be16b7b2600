//! The segments of a result: one a nodule; for models of regions one a class, and one a region of several classes.

use std::collections::BTreeSet;

use ndarray::ArrayView2;

use super::{Run, codes::Concept, uids::RunHash};
use crate::{
    contract::{
        classes::{Class, Output},
        model::Model,
    },
    findings::nodule::Nodule,
};

/// A segment, and the nodule that it outlines.
#[derive(Debug)]
pub struct Segment<'a> {
    /// Its number in the object, from 1 without gaps.
    pub number: u16,
    pub nodule: &'a Nodule,
    /// The numbers of the label map that it covers.
    pub labels: Vec<u16>,
    /// The slices of the CT that hold a voxel of it, from 0.
    pub slices: Vec<usize>,
    pub finding: Concept,
    /// Red, green, blue.
    pub colour: [u8; 3],
    /// For a person, such as "Nodule 3".
    pub tracking_id: String,
    pub tracking_uid: String,
}

/// The segments of all nodules that no reader rejected, in their order.
pub fn segments<'a>(run: &Run<'a>, hash: &RunHash) -> Vec<Segment<'a>> {
    let Run { found, model, readings, .. } = *run;
    let numbers = |plane: ArrayView2<'_, u16>| plane.iter().copied().filter(|id| *id > 0).collect();
    let held: Vec<BTreeSet<u16>> = found.native().labels.voxels.outer_iter().map(numbers).collect();
    let segment = |(nodule, number): (&'a Nodule, u16)| {
        let Class { name, code, colour } = class_of(nodule, model);
        let finding = Concept::of_class(&name, code.as_ref());
        let tracking_id = match model.output {
            Output::Instances => format!("{} {}", finding.meaning(), nodule.id),
            Output::Regions => name,
        };
        let tracking_uid = hash.uid(&format!("tracking {}", nodule.id));
        let labels = labels_of(nodule, model);
        let slices = (0..held.len()).filter(|slice| labels.iter().any(|id| held[*slice].contains(id))).collect();
        Segment { number, nodule, labels, slices, finding, colour, tracking_id, tracking_uid }
    };
    found.nodules.iter().filter(|nodule| !readings.rejects(nodule.id)).zip(1..).map(segment).collect()
}

/// The class of a nodule, or its region as one.
fn class_of(nodule: &Nodule, model: &Model) -> Class {
    let class = model.classes.iter().find(|class| class.name == nodule.class).cloned();
    let region = || {
        let region = model.regions.iter().find(|region| region.name == nodule.class)?;
        Some(Class { name: region.name.clone(), code: region.code.clone(), colour: region.colour })
    };
    class.or_else(region).unwrap_or_else(|| Class { name: nodule.class.clone(), code: None, colour: [255, 0, 0] })
}

/// Regions have the numbers behind those of the classes and no voxel of their own.
fn labels_of(nodule: &Nodule, model: &Model) -> Vec<u16> {
    let behind = usize::from(nodule.id).checked_sub(model.classes.len() + 1);
    let region = behind.filter(|_| model.output == Output::Regions).and_then(|n| model.regions.get(n));
    match region {
        Some(region) => {
            let numbered = model.classes.iter().zip(1..);
            numbered.filter(|(class, _)| region.of.contains(&class.name)).map(|(_, number)| number).collect()
        }
        None => vec![nodule.id],
    }
}
