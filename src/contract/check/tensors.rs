//! Names of tensors, and that members have the tensors that they need.

use super::{Checked, counted, demand, refuse, within};
use crate::contract::{
    limits::{MAX_TENSORS, NOISE_SCALE, TENSOR_CHANNELS},
    network::{Network, Stride, Tensors},
};

/// Checks the tensors of a network that is named `at` and isn't a hybrid.
pub(super) fn check(at: &str, network: &Network) -> Checked {
    let Some(tensors) = &network.tensors else { return Ok(()) };
    forms(at, network, tensors)?;
    sizes(at, network, tensors)?;
    names(at, network, tensors)
}

/// All members are cut in two, with embeddings between, or none is.
fn forms(at: &str, network: &Network, tensors: &Tensors) -> Checked {
    let first = network.members.first().is_some_and(|member| member.graph.is_some());
    let forms = |single: bool| if single { "graph" } else { "encoder and decoder" };
    for (n, member) in network.members.iter().enumerate() {
        let single = member.graph.is_some();
        demand(
            single == first,
            format_args!("{at}.members[{n}]"),
            forms(single),
            format_args!("{}, as members[0] has", forms(first)),
        )?;
    }
    let field = format!("{at}.tensors.embeddings");
    if first {
        let got = format!("a list of {}", tensors.embeddings.len());
        return demand(tensors.embeddings.is_empty(), field, got, "no entry: members are single graphs");
    }
    counted(field, &tensors.embeddings, MAX_TENSORS)
}

fn sizes(at: &str, network: &Network, tensors: &Tensors) -> Checked {
    for (n, embedding) in tensors.embeddings.iter().enumerate() {
        let at = format!("{at}.tensors.embeddings[{n}]");
        within(format_args!("{at}.channels"), embedding.channels, TENSOR_CHANNELS)?;
        stride(&format!("{at}.stride"), embedding.stride, network)?;
    }
    let random = &network.random;
    for (name, count) in [("dropout", random.dropout.len()), ("noise", random.noise.len())] {
        let expected = format_args!("{MAX_TENSORS} entries at most");
        demand(count <= MAX_TENSORS, format_args!("{at}.random.{name}"), format_args!("a list of {count}"), expected)?;
    }
    for (n, dropout) in random.dropout.iter().enumerate() {
        within(format_args!("{at}.random.dropout[{n}].channels"), dropout.channels, TENSOR_CHANNELS)?;
    }
    for (n, noise) in random.noise.iter().enumerate() {
        within(format_args!("{at}.random.noise[{n}].rank"), noise.rank, TENSOR_CHANNELS)?;
        within(format_args!("{at}.random.noise[{n}].scale"), noise.scale, NOISE_SCALE)?;
    }
    Ok(())
}

/// An embedding's size is a whole number along each axis.
pub(super) fn stride(at: &str, stride: Stride, network: &Network) -> Checked {
    let divides = |stride: usize, size: usize| stride > 0 && size.is_multiple_of(stride);
    match (stride, network.grid.size) {
        (Stride::Same(one), _) => {
            let multiple = network.grid.multiple;
            demand(divides(one, multiple), at, stride, format_args!("a divisor of grid.multiple ({multiple})"))
        }
        (Stride::Each(each), Some(size)) => {
            let all = each.into_iter().zip(size).all(|(stride, size)| divides(stride, size));
            demand(all, at, stride, format_args!("divisors of grid.size ({size:?})"))
        }
        (Stride::Each(_), None) => demand(false, at, stride, "one number: slices have any size along k"),
    }
}

/// A tensor's field, and its name.
type Named<'a> = (String, &'a str);

/// Each tensor of a graph has a name of its own.
fn names(at: &str, network: &Network, tensors: &Tensors) -> Checked {
    if !tensors.embeddings.is_empty() {
        let (image, embeddings) = (of_image(at, tensors), of_embeddings(at, tensors));
        one_graph(image.into_iter().chain(embeddings))?;
    }
    one_graph(answering(at, network, tensors).into_iter())
}

/// Tensors of the graph that gives logits.
pub(super) fn answering<'a>(at: &str, network: &'a Network, tensors: &'a Tensors) -> Vec<Named<'a>> {
    let single = tensors.embeddings.is_empty();
    let fed = if single { of_image(at, tensors) } else { of_embeddings(at, tensors) };
    let dropout = network.random.dropout.iter().enumerate();
    let dropout = dropout.map(|(n, d)| (format!("{at}.random.dropout[{n}].input"), d.input.as_str()));
    let noise = network.random.noise.iter().enumerate();
    let noise = noise.map(|(n, d)| (format!("{at}.random.noise[{n}].input"), d.input.as_str()));
    let clicks = network.clicks.iter().map(|clicks| (format!("{at}.clicks.input"), clicks.input.as_str()));
    let logits = (format!("{at}.tensors.logits"), tensors.logits.as_str());
    fed.into_iter().chain(dropout).chain(noise).chain(clicks).chain([logits]).collect()
}

fn of_image<'a>(at: &str, tensors: &'a Tensors) -> Vec<Named<'a>> {
    let image = (format!("{at}.tensors.image"), tensors.image.as_str());
    let offsets = tensors.offsets_mm.iter().map(|name| (format!("{at}.tensors.offsets_mm"), name.as_str()));
    [image].into_iter().chain(offsets).collect()
}

fn of_embeddings<'a>(at: &str, tensors: &'a Tensors) -> Vec<Named<'a>> {
    let embeddings = tensors.embeddings.iter().enumerate();
    embeddings.map(|(n, e)| (format!("{at}.tensors.embeddings[{n}].name"), e.name.as_str())).collect()
}

/// Refuses an empty name, and two tensors of one graph that share a name.
pub(super) fn one_graph<'a>(named: impl Iterator<Item = Named<'a>>) -> Checked {
    let mut known: Vec<Named<'a>> = Vec::new();
    for (field, name) in named {
        demand(!name.is_empty(), &field, "empty", "the name of a tensor")?;
        if let Some((other, _)) = known.iter().find(|(_, other)| *other == name) {
            let expected = format_args!("a name that no other tensor of the graph has; {other} has it");
            return refuse(field, format_args!("'{}'", name.escape_debug()), expected);
        }
        known.push((field, name));
    }
    Ok(())
}
