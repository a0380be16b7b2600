//! Which processor runs the networks, asked for and used.

use serde::Serialize;
use strum::{EnumMessage, EnumString, IntoStaticStr, VariantArray};

/// What the caller asks for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, EnumMessage, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Device {
    /// CUDA when it works, else the CPU with the reason reported.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// CUDA, or an error that says what is missing.
    Cuda,
}

impl Device {
    /// All of them.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Its name, as on the command line.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// What can be said of a device before anything runs on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceState {
    /// `Cpu` or `Cuda`.
    pub device: Device,
    /// True when a network ran on it.
    pub usable: bool,
    /// Why, or why not.
    pub reason: String,
}

/// What was used in the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceReport {
    /// What was asked for.
    pub asked: Device,
    /// `Cpu` or `Cuda`.
    pub used: Device,
    /// Why.
    pub reason: String,
}
