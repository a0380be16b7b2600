//! What a bundle is for, in a line.

use std::fmt::{self, Display};

use serde::Serialize;

use crate::contract::{
    classes::Output,
    model::Model,
    network::{Kind, Network},
};

/// What a bundle is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Purpose {
    /// Names of the volumes that a run takes.
    pub channels: Vec<String>,
    /// Names of what it outlines.
    pub classes: Vec<String>,
    /// Names of the regions that are made of several classes.
    pub regions: Vec<String>,
    /// What the label map numbers.
    pub output: Output,
    /// Its roles in the order in which they run, each with the kind of its network: `detect (slice)`.
    pub roles: Vec<String>,
}

impl Purpose {
    /// The purpose of a bundle with this contract.
    pub fn of(model: &Model) -> Self {
        let names = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let detect = model.detect.iter().map(|network| format!("detect ({})", kind(network)));
        let classify = model.classify.iter().map(|_| "classify".to_owned());
        Purpose {
            channels: names(model.channels.iter().map(|channel| channel.name.as_str()).collect()),
            classes: names(model.classes.iter().map(|class| class.name.as_str()).collect()),
            regions: names(model.regions.iter().map(|region| region.name.as_str()).collect()),
            output: model.output,
            roles: detect.chain(classify).chain([format!("segment ({})", kind(&model.segment))]).collect(),
        }
    }
}

fn kind(network: &Network) -> &'static str {
    match network.kind {
        Kind::Slice => "slice",
        Kind::Patch => "patch",
        Kind::Hybrid => "hybrid",
    }
}

impl Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.output {
            Output::Instances => "findings of",
            Output::Regions => "regions",
        };
        write!(f, "{} -> {what} {}; {}", self.channels.join(" + "), self.classes.join(", "), self.roles.join(", "))?;
        if self.regions.is_empty() { Ok(()) } else { write!(f, "; together {}", self.regions.join(", ")) }
    }
}
