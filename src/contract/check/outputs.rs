//! Each role and each member answers by an output of its own.

use super::{Checked, refuse};
use crate::contract::{model::Model, network::Member};

/// Where a member's answer comes from.
struct Answer<'a> {
    /// The network's field.
    network: String,
    /// The member's field.
    member: String,
    /// The graph that answers.
    file: &'a str,
    /// What that graph is fed by: its encoder's file, or itself.
    encoder: &'a str,
    /// The output.
    tensor: &'a str,
}

pub(super) fn check(model: &Model) -> Checked {
    let cutting = model.networks();
    let cutting = cutting.iter().filter_map(|(at, network)| {
        Some((at.as_str(), network.members.as_slice(), network.tensors.as_ref()?.logits.as_str()))
    });
    let classifying = model.classify.iter().flat_map(|it| {
        let tensors = [Some(&it.logit), it.marked.as_ref().map(|marked| &marked.logit)].into_iter().flatten();
        tensors.map(|tensor| ("classify", it.members.as_slice(), tensor.as_str()))
    });
    let mut known: Vec<Answer> = Vec::new();
    for (at, members, tensor) in cutting.chain(classifying) {
        for (n, member) in members.iter().enumerate() {
            let Some(answer) = answer(at, n, member, tensor) else { continue };
            if let Some(other) = known.iter().find(|other| is_one(&answer, other)) {
                let got = format_args!("the output '{tensor}' of {}", answer.file);
                return refuse(
                    &answer.member,
                    got,
                    format_args!("an output of its own; {} has this one", other.member),
                );
            }
            known.push(answer);
        }
    }
    Ok(())
}

fn answer<'a>(at: &str, n: usize, member: &'a Member, tensor: &'a str) -> Option<Answer<'a>> {
    let (name, file) = member.files().last()?;
    let encoder = &member.files().next()?.1.file;
    let field = format!("{at}.members[{n}].{name}");
    Some(Answer { network: at.into(), member: field, file: &file.file, encoder, tensor })
}

/// Two members may share a decoder where their encoders differ; two roles share nothing that answers.
fn is_one(a: &Answer, b: &Answer) -> bool {
    a.file == b.file && a.tensor == b.tensor && (a.network != b.network || a.encoder == b.encoder)
}
