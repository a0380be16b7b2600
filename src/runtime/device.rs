//! Which processor runs the networks, asked for and used.

use serde::Serialize;

/// What the caller asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// CUDA when it works, else the CPU with the reason reported.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// CUDA, or an error that says what is missing.
    Cuda,
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
