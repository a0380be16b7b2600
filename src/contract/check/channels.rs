//! Volumes that go in, and how the networks know lungs.

use super::{Checked, counted, demand, distinct, plain_word, refuse, within};
use crate::contract::{
    classes::{Channel, Normalise, Unit},
    limits::{MAX_CHANNELS, MIN_CONTRAST, MIN_CONTRAST_HU, VALUES},
    model::{Lungs, Model},
};

pub(super) fn check(model: &Model) -> Checked {
    counted("channels", &model.channels, MAX_CHANNELS)?;
    for (n, channel) in model.channels.iter().enumerate() {
        plain_word(format_args!("channels[{n}].name"), &channel.name)?;
        normalise(&format!("channels[{n}].normalise"), channel)?;
    }
    let names = model.channels.iter().enumerate().map(|(n, channel)| (format!("channels[{n}].name"), &*channel.name));
    distinct(names)?;
    endings(&model.channels)?;
    model.lungs.map_or(Ok(()), |known| lungs(&known, &model.channels))
}

/// A file `x_a_b.nii` may belong to a channel `a_b` or to a channel `b`, never to both.
fn endings(channels: &[Channel]) -> Checked {
    for (n, long) in channels.iter().enumerate() {
        let long = long.name.to_ascii_lowercase();
        let ends = |short: &&Channel| long.ends_with(&format!("_{}", short.name.to_ascii_lowercase()));
        if let Some(short) = channels.iter().find(ends) {
            let expected = format_args!("a name that doesn't end in _{}: that is another channel", short.name);
            return refuse(format_args!("channels[{n}].name"), format_args!("'{}'", channels[n].name), expected);
        }
    }
    Ok(())
}

fn normalise(at: &str, channel: &Channel) -> Checked {
    match channel.normalise {
        Normalise::Window([low, high]) => {
            let contrast = if channel.unit == Unit::Hounsfield { MIN_CONTRAST_HU } else { MIN_CONTRAST };
            let good = VALUES.contains(&low) && VALUES.contains(&high) && high - low >= contrast;
            let expected = format_args!("two values between -1e6 and 1e6, the lower first, at least {contrast} apart");
            demand(good, format_args!("{at}.window"), format_args!("[{low:?}, {high:?}]"), expected)
        }
        Normalise::Standard { mean, deviation, clip } => {
            within(format_args!("{at}.standard.mean"), mean, VALUES)?;
            within(format_args!("{at}.standard.deviation"), deviation, MIN_CONTRAST..=*VALUES.end())?;
            let Some([low, high]) = clip else { return Ok(()) };
            let good = VALUES.contains(&low) && VALUES.contains(&high) && low < high;
            let expected = "two values between -1e6 and 1e6, the lower first";
            demand(good, format_args!("{at}.standard.clip"), format_args!("[{low:?}, {high:?}]"), expected)
        }
        Normalise::ZScore(_) => Ok(()),
    }
}

fn lungs(lungs: &Lungs, channels: &[Channel]) -> Checked {
    let Lungs { lift_below_hu: below, lift_to_hu: to } = *lungs;
    demand((-1024.0..-500.0).contains(&below), "lungs.lift_below_hu", below, "-1024 to below -500")?;
    demand(
        below < to && to < -500.0,
        "lungs.lift_to_hu",
        to,
        format_args!("a number above lungs.lift_below_hu ({below}) and below -500"),
    )?;
    let hounsfield = channels.iter().any(|channel| channel.unit == Unit::Hounsfield);
    demand(hounsfield, "lungs", "given", "left out, since no channel is in HU")
}
