# Finds Rust's cargo: SAM2LUNG_CARGO.

find_program(SAM2LUNG_CARGO cargo HINTS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin" "$ENV{USERPROFILE}/.cargo/bin"
    DOC "Rust's cargo")
if(NOT SAM2LUNG_CARGO)
    message(FATAL_ERROR "cargo isn't there; install Rust 1.92 or newer, or name it by "
        "-DSAM2LUNG_CARGO=FILE")
endif()
