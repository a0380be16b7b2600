# Finds Rust's cargo: SAM2LUNG_CARGO, and refuses one that is too old for this project. Leaves also SAM2LUNG_CARGO_HOST, the
# target that it builds for when it isn't told one.

# The one on PATH wins, as in a shell. CMake would look into its own and the system's prefixes first, where a distribution may
# have another cargo, whose compiler then meets the rustc of PATH.
find_program(SAM2LUNG_CARGO cargo NO_PACKAGE_ROOT_PATH NO_CMAKE_PATH NO_CMAKE_ENVIRONMENT_PATH NO_CMAKE_SYSTEM_PATH
    NO_CMAKE_FIND_ROOT_PATH DOC "Rust's cargo")
foreach(home "$ENV{CARGO_HOME}" "$ENV{HOME}/.cargo" "$ENV{USERPROFILE}/.cargo")
    if(IS_ABSOLUTE "${home}") # an unset variable would leave /bin
        find_program(SAM2LUNG_CARGO cargo PATHS "${home}/bin" NO_DEFAULT_PATH)
    endif()
endforeach()

file(STRINGS "${CMAKE_CURRENT_LIST_DIR}/../Cargo.toml" sam2lung_rust REGEX "^rust-version = " LIMIT_COUNT 1)
string(REGEX MATCH "[0-9]+\\.[0-9]+" sam2lung_rust "${sam2lung_rust}")
if(NOT SAM2LUNG_CARGO)
    message(FATAL_ERROR "cargo isn't there; expected Rust ${sam2lung_rust} or newer. Install it, or name cargo by "
        "-DSAM2LUNG_CARGO=FILE")
endif()

# In the project's folder, where rustup may choose another toolchain.
execute_process(COMMAND "${SAM2LUNG_CARGO}" --version --verbose WORKING_DIRECTORY "${CMAKE_CURRENT_LIST_DIR}"
    OUTPUT_VARIABLE sam2lung_cargo_says ERROR_VARIABLE sam2lung_cargo_complains RESULT_VARIABLE sam2lung_cargo_failed)
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" sam2lung_cargo_version "${sam2lung_cargo_says}")
if(sam2lung_cargo_failed OR NOT sam2lung_cargo_version)
    message(FATAL_ERROR "${SAM2LUNG_CARGO} says no version (${sam2lung_cargo_failed}): ${sam2lung_cargo_complains}"
        "Expected Rust ${sam2lung_rust} or newer; name its cargo by -DSAM2LUNG_CARGO=FILE")
endif()
string(REGEX MATCH "host: ([^\n]+)" host "${sam2lung_cargo_says}")
set(SAM2LUNG_CARGO_HOST "${CMAKE_MATCH_1}")
if(sam2lung_cargo_version VERSION_LESS sam2lung_rust)
    message(FATAL_ERROR "${SAM2LUNG_CARGO} is of Rust ${sam2lung_cargo_version}; expected ${sam2lung_rust} or newer. "
        "Install one (a distribution's is often older than rustup's), put it first on PATH, or name its cargo by "
        "-DSAM2LUNG_CARGO=FILE")
endif()
