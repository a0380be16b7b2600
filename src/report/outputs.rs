//! Every output and its name: all that a folder of results may hold.
//!
//! Enters: parts of names (a class, a kind of uncertainty, a page) and endings. Leaves: file names, and whether a name is one.
//! Writers take names from here; the command line's check of a folder and the README's table follow from [`OUTPUTS`].

use crate::{
    contract::uncertainty::Uncertainty,
    io::{SurfaceFormat, VolumeFormat},
    limits::MAX_PAGES,
};

/// The page to begin with.
pub const REPORT: Output = Output {
    stem: "report",
    each: Each::One,
    endings: Endings::Only("html"),
    meaning: "begin here: a page for a browser with all nodules, their pictures in three planes, outlines, uncertainty, measures \
              with intervals and what they mean; it loads nothing and prints to PDF",
};
/// What was found, to be copied.
pub const FINDINGS: Output = Output {
    stem: "findings",
    each: Each::One,
    endings: Endings::Only("txt"),
    meaning: "what was found in plain English, to be copied into a report",
};
/// The picture.
pub const OVERVIEW: Output = Output {
    stem: "overview",
    each: Each::Page,
    endings: Endings::Only("png"),
    meaning: "as one picture: the slice through each nodule with its outline, beside it the uncertainty, with number, size and \
              review flag, the largest first; more than 12 go on in `overview-2.png` and so on (20 pages at most; the \
              picture says so)",
};
/// The label map.
pub const LABEL: Output = Output {
    stem: "label",
    each: Each::One,
    endings: Endings::Volume,
    meaning: "uint16: the nodule's number, 0 elsewhere; for models of regions the class's number",
};
/// The mean probability.
pub const PROBABILITY: Output = Output {
    stem: "probability",
    each: Each::One,
    endings: Endings::Volume,
    meaning: "float32: probability of nodule, mean over the samples; for models of several classes the highest of them",
};
/// The uncertainty of the kind asked for.
pub const UNCERTAINTY: Output = Output {
    stem: "uncertainty",
    each: Each::One,
    endings: Endings::Volume,
    meaning: "float32: uncertainty of the kind that `--uncertainty` names, in the whole search region; for models of several \
              classes the highest of them",
};
/// The uncertainty of each kind.
pub const KIND: Output = Output {
    stem: "",
    each: Each::Kind,
    endings: Endings::Volume,
    meaning: "float32: uncertainty of each kind, with `--all-uncertainties`",
};
/// The mean probability of each class.
pub const CLASS_PROBABILITY: Output = Output {
    stem: "probability_",
    each: Each::Class,
    endings: Endings::Volume,
    meaning: "float32: probability of the class NAME, for models of several classes",
};
/// The uncertainty of each class.
pub const CLASS_UNCERTAINTY: Output = Output {
    stem: "uncertainty_",
    each: Each::Class,
    endings: Endings::Volume,
    meaning: "float32: uncertainty of the class NAME, for models of several classes",
};
/// Which sample calls which voxel a nodule.
pub const SAMPLE_OUTLINES: Output = Output {
    stem: "sample_outlines",
    each: Each::One,
    endings: Endings::Volume,
    meaning: "with `--sample-outlines`: bit s (the lowest is bit 0) is set where sample s calls the voxel a nodule, wherever \
              the model segmented; uint32 up to 32 samples, else uint64",
};
/// The nodules for programs.
pub const NODULES_JSON: Output = Output {
    stem: "nodules",
    each: Each::One,
    endings: Endings::Only("json"),
    meaning: "the nodules with their measures (below)",
};
/// The nodules as a table.
pub const NODULES_CSV: Output = Output {
    stem: "nodules",
    each: Each::One,
    endings: Endings::Only("csv"),
    meaning: "the same as a table, one row per nodule",
};
/// The nodules' surfaces.
pub const SURFACES: Output = Output {
    stem: "nodules",
    each: Each::One,
    endings: Endings::Surface,
    meaning: "the nodules' closed surfaces, with `--surfaces`",
};
/// The nodules' outlines as a DICOM segmentation.
pub const DICOM_SEGMENTATION: Output = Output {
    stem: "segmentation",
    each: Each::One,
    endings: Endings::Only("dcm"),
    meaning: "with `--dicom`: the outlines as a DICOM segmentation (SEG), a segment per nodule; not there where nothing was found",
};
/// The probability map as a DICOM segmentation.
pub const DICOM_PROBABILITY: Output = Output {
    stem: "probability",
    each: Each::One,
    endings: Endings::Only("dcm"),
    meaning: "with `--dicom`: the probability map as a fractional SEG: 255 is 1",
};
/// The uncertainty map as a DICOM segmentation.
pub const DICOM_UNCERTAINTY: Output = Output {
    stem: "uncertainty",
    each: Each::One,
    endings: Endings::Only("dcm"),
    meaning: "with `--dicom`: the uncertainty map as a fractional SEG: 255 is its largest possible value, which the segment's \
              description tells",
};
/// The measures as a structured report.
pub const DICOM_REPORT: Output = Output {
    stem: "report",
    each: Each::One,
    endings: Endings::Only("dcm"),
    meaning: "with `--dicom`: the measures as a DICOM structured report (SR, TID 1500), a measurement group per nodule",
};
/// The pages of the overview as secondary captures.
pub const DICOM_OVERVIEW: Output = Output {
    stem: "overview",
    each: Each::Page,
    endings: Endings::Only("dcm"),
    meaning: "with `--dicom`: the pages of the overview as secondary captures",
};
/// The manifest.
pub const MANIFEST: Output = Output {
    stem: "run",
    each: Each::One,
    endings: Endings::Only("json"),
    meaning: "what is needed to repeat or explain the run: versions, sha256 of model, voxels and mask, seed, options, the \
              device that was used and why, seconds per stage, peak memory; and the places of micronodules",
};
/// The warnings for a person.
pub const WARNINGS: Output = Output {
    stem: "warnings",
    each: Each::One,
    endings: Endings::Only("txt"),
    meaning: "only where there are warnings: what the result can't be trusted for (below)",
};

/// All outputs, those for people first.
pub const OUTPUTS: &[Output] = &[
    REPORT,
    FINDINGS,
    OVERVIEW,
    LABEL,
    PROBABILITY,
    UNCERTAINTY,
    KIND,
    CLASS_PROBABILITY,
    CLASS_UNCERTAINTY,
    SAMPLE_OUTLINES,
    NODULES_JSON,
    NODULES_CSV,
    SURFACES,
    DICOM_SEGMENTATION,
    DICOM_PROBABILITY,
    DICOM_UNCERTAINTY,
    DICOM_REPORT,
    DICOM_OVERVIEW,
    MANIFEST,
    WARNINGS,
];

/// The comparison's page, to begin with.
pub const COMPARISON_PAGE: Output = Output {
    stem: "comparison",
    each: Each::One,
    endings: Endings::Only("html"),
    meaning: "begin here: a page for a browser with what became of each nodule, the prior and the current CT side by side in three \
              planes, changes with intervals and what they mean; it loads nothing and prints to PDF",
};
/// The comparison in words, to be copied.
pub const COMPARISON_TEXT: Output = Output {
    stem: "comparison",
    each: Each::One,
    endings: Endings::Only("txt"),
    meaning: "the same in plain English, to be copied into a report",
};
/// The comparison for programs.
pub const COMPARISON_JSON: Output = Output {
    stem: "comparison",
    each: Each::One,
    endings: Endings::Only("json"),
    meaning: "each nodule of the prior and the current CT: what became of it, how its volume changed with interval and \
              probabilities, how well the lungs were registered, and by what all that was made",
};
/// The comparison as a table.
pub const COMPARISON_CSV: Output = Output {
    stem: "comparison",
    each: Each::One,
    endings: Endings::Only("csv"),
    meaning: "the same as a table, one row per prior and nodule",
};
/// The comparison as pictures.
pub const COMPARISON_PICTURE: Output = Output {
    stem: "comparison",
    each: Each::Page,
    endings: Endings::Only("png"),
    meaning: "each nodule in the latest prior CT, laid over the current one, and beside it in the current CT; more than 12 go on \
              in `comparison-2.png` and so on (20 pages at most)",
};
/// The volumes over time.
pub const VOLUMES_PICTURE: Output = Output {
    stem: "volumes",
    each: Each::One,
    endings: Endings::Only("png"),
    meaning: "with two or more prior CTs: the nodules' volumes over time, with their intervals",
};

/// All outputs of a comparison.
pub const COMPARISON_OUTPUTS: &[Output] =
    &[COMPARISON_PAGE, COMPARISON_TEXT, COMPARISON_PICTURE, COMPARISON_JSON, COMPARISON_CSV, VOLUMES_PICTURE];

/// The inputs of a run as a table, beside their folders.
pub const SUMMARY: Output = Output {
    stem: "summary",
    each: Each::One,
    endings: Endings::Only("csv"),
    meaning: "of several inputs: a row for each, and what became of it",
};

/// The columns of [`SUMMARY`]: name and meaning.
pub const SUMMARY_COLUMNS: [(&str, &str); 8] = [
    ("name", "name of the input's folder of results"),
    ("path", "the input, as it was given"),
    (
        "status",
        "`done`; `done before`: found complete, with `--resume`; `failed`; `not run`: the run was stopped before. What failed \
         or wasn't run may have an earlier result",
    ),
    ("error", "name of the error, where it failed"),
    ("nodules", "number of nodules"),
    ("flagged", "number of nodules to look at again"),
    ("warnings", "names of the warnings"),
    ("seconds", "from the start of reading to the end of writing; with what the input had to wait for the one before"),
];

/// One output: a file, or a file for each of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// What its name begins with.
    pub stem: &'static str,
    /// How many files there are of it.
    pub each: Each,
    /// What its name may end with.
    pub endings: Endings,
    /// What it holds, for a person.
    pub meaning: &'static str,
}

/// How many files there are of an output, and what stands between stem and ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Each {
    /// One.
    One,
    /// One a page: nothing for the first, then -2, -3 and so on.
    Page,
    /// One a kind of uncertainty: its name.
    Kind,
    /// One a class: its name.
    Class,
}

/// What a file's name ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endings {
    /// This.
    Only(&'static str),
    /// A format of volumes.
    Volume,
    /// A format of surfaces.
    Surface,
}

impl Endings {
    fn all(self) -> Vec<&'static str> {
        match self {
            Endings::Only(ending) => vec![ending],
            Endings::Volume => VolumeFormat::RESULTS.iter().map(|format| format.ending()).collect(),
            Endings::Surface => SurfaceFormat::ALL.iter().map(|format| format.ending()).collect(),
        }
    }
}

impl Output {
    /// Its file with the ending that it has, or is usually written with.
    pub fn file(&self) -> String {
        self.with("", self.endings.all()[0])
    }

    /// Its file of one part (a class, a kind, see [`page`]) and an ending.
    pub fn with(&self, part: &str, ending: &str) -> String {
        let part: String = part.chars().map(|c| if c == '/' || c == '\\' { '_' } else { c }).collect();
        format!("{}{part}.{ending}", self.stem)
    }

    /// Whether `name` is a file of this output.
    fn has(&self, name: &str) -> bool {
        let part_of = |ending: &str| name.strip_suffix(ending)?.strip_suffix('.')?.strip_prefix(self.stem);
        self.endings.all().into_iter().filter_map(part_of).any(|part| match self.each {
            Each::One => part.is_empty(),
            Each::Page => (0..MAX_PAGES).any(|number| part == page(number)),
            Each::Kind => Uncertainty::ALL.iter().any(|kind| part == kind.name()),
            Each::Class => !part.is_empty(),
        })
    }
}

/// What the name of page `number`, from 0, has between stem and ending.
pub fn page(number: usize) -> String {
    if number == 0 { String::new() } else { format!("-{}", number + 1) }
}

/// Whether `name` is that of an output.
pub fn is_output(name: &str) -> bool {
    is_result(name) || is_comparison(name)
}

/// Whether `name` is that of an output of a CT's result.
pub fn is_result(name: &str) -> bool {
    OUTPUTS.iter().any(|output| output.has(name))
}

/// Whether `name` is that of an output of a comparison.
pub fn is_comparison(name: &str) -> bool {
    COMPARISON_OUTPUTS.iter().any(|output| output.has(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_output_knows_every_name_that_is_written_and_no_other() {
        for name in [
            "report.html",
            "findings.txt",
            "overview.png",
            "overview-2.png",
            "overview-20.png",
            "label.nii.gz",
            "probability.nrrd",
            "uncertainty.vti",
            "entropy.nii.gz",
            "mutual-information.nrrd",
            "probability_part-solid.nii.gz",
            "uncertainty_edema.vti",
            "sample_outlines.nii.gz",
            "nodules.json",
            "nodules.csv",
            "nodules.vtp",
            "nodules.vtk",
            "segmentation.dcm",
            "overview.dcm",
            "overview-2.dcm",
            "run.json",
            "warnings.txt",
            "comparison.html",
            "comparison.txt",
            "comparison.json",
            "comparison.csv",
            "comparison.png",
            "comparison-20.png",
            "volumes.png",
        ] {
            assert!(is_output(name), "{name}");
        }
        for name in [
            "report-2.html",
            "index.html",
            "comparison-21.png",
            "volumes-2.png",
            "overview-1.png",
            "overview-21.png",
            "overview-02.png",
            "label.nii",
            "label.dcm",
            "labelnii.gz",
            "label2.nii.gz",
            "probability_.nii.gz",
            ".nii.gz",
            "doubt.nii.gz",
            "nodules.txt",
            "run.json.bak",
            "IMG0001.dcm",
        ] {
            assert!(!is_output(name), "{name}");
        }
    }

    #[test]
    fn output_files_are_outputs_whatever_a_class_is_called() {
        for output in OUTPUTS.iter().chain(COMPARISON_OUTPUTS).filter(|output| output.each == Each::One) {
            assert!(is_output(&output.file()), "{output:?}");
        }
        assert_eq!(CLASS_PROBABILITY.with("a/b\\c", "nrrd"), "probability_a_b_c.nrrd");
        assert_eq!(OVERVIEW.with(&page(1), "png"), "overview-2.png");
        assert_eq!([LABEL.file(), SURFACES.file()], ["label.nii.gz", "nodules.vtp"]);
    }

    #[test]
    fn outputs_have_names_of_their_own() {
        let mut names: Vec<String> = OUTPUTS.iter().chain(COMPARISON_OUTPUTS).map(|output| output.file()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), OUTPUTS.len() + COMPARISON_OUTPUTS.len());
    }
}
