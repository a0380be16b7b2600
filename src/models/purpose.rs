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
        let segment = format!("segment ({})", kind(&model.segment));
        let classify = model.classify.iter().map(|_| "classify".to_owned());
        // Without a detector the candidates are the segmenter's.
        let roles = match &model.detect {
            Some(detect) => {
                [format!("detect ({})", kind(detect))].into_iter().chain(classify).chain([segment]).collect()
            }
            None => [segment].into_iter().chain(classify).collect(),
        };
        Purpose {
            channels: names(model.channels.iter().map(|channel| channel.name.as_str()).collect()),
            classes: names(model.classes.iter().map(|class| class.name.as_str()).collect()),
            regions: names(model.regions.iter().map(|region| region.name.as_str()).collect()),
            output: model.output,
            roles,
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::contract::bundle::Bundle;

    #[test]
    fn purpose_has_the_roles_in_their_order_and_the_regions() {
        let said = |name: &str| {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundles").join(name);
            Purpose::of(&Bundle::open(&folder).unwrap().model).to_string()
        };
        assert_eq!(said("tiny-chain"), "CT -> findings of nodule; detect (slice), classify, segment (patch)");
        assert_eq!(said("tiny-doubt"), "CT -> findings of nodule; segment (slice), classify");
        assert_eq!(said("tiny-hybrid"), "CT -> findings of nodule; segment (hybrid)");
        assert_eq!(said("tiny-regions"), "CT + PET -> regions core, rim; segment (patch); together whole");
    }
}
