//! `sam2lung model`: bundles that are installed, and contracts as files.

mod installed;
mod records;
mod upgrade;

use sam2lung::contract::schema;

use crate::{
    args::ModelCommand,
    terminal::{Reported, report, say_to_reader},
};

pub fn run(command: &ModelCommand) -> Result<(), Reported> {
    let done = match command {
        ModelCommand::Verify { bundles, place, json } => return installed::verify(bundles, place, *json),
        ModelCommand::List { place, json } => installed::list(place, *json),
        ModelCommand::Install { source, replace, place } => installed::install(source, *replace, place),
        ModelCommand::Remove { bundle, folder } => installed::remove(bundle, folder.as_deref()),
        ModelCommand::Upgrade { bundle, output } => upgrade::run(bundle, output.as_deref()),
        ModelCommand::Schema => Ok(schema::json().trim_end().to_owned()),
    };
    say_to_reader(&done.map_err(|e| report(&e))?)
}
