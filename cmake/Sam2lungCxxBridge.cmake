# Offers sam2lung::cxx, the bridge of the feature `cxx`, for C++ that is built in the same tree: headers
# "sam2lung/src/cxx_bridge.rs.h" and "rust/cxx.h", and the library as a static one.
#
# Nothing of it is installed: both sides have to be compiled from the same source.

if(SAM2LUNG_CARGO_TARGET)
    message(FATAL_ERROR "SAM2LUNG_BUILD_CXX_BRIDGE is for this machine; SAM2LUNG_CARGO_TARGET is "
        "${SAM2LUNG_CARGO_TARGET}. Leave one of them out")
endif()

set(bridge_headers "${SAM2LUNG_CARGO_TARGET_DIR}/cxxbridge") # where cxx puts them
set(bridge_library "${SAM2LUNG_CARGO_OUTPUT}/${CMAKE_STATIC_LIBRARY_PREFIX}sam2lung${CMAKE_STATIC_LIBRARY_SUFFIX}")
file(MAKE_DIRECTORY "${bridge_headers}")

add_custom_target(sam2lung_cxx_cargo
    COMMAND "${SAM2LUNG_CARGO}" rustc --release --locked --package sam2lung --lib --features cxx --crate-type staticlib
        --manifest-path "${PROJECT_SOURCE_DIR}/Cargo.toml" --target-dir "${SAM2LUNG_CARGO_TARGET_DIR}"
    BYPRODUCTS "${bridge_library}"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    COMMENT "Building the C++ bridge with cargo"
    USES_TERMINAL VERBATIM)
add_dependencies(sam2lung_cxx_cargo sam2lung_cargo) # cargo runs once at a time

find_package(Threads REQUIRED)
add_library(sam2lung_cxx STATIC IMPORTED GLOBAL)
set_target_properties(sam2lung_cxx PROPERTIES
    IMPORTED_LOCATION "${bridge_library}"
    INTERFACE_COMPILE_FEATURES cxx_std_17
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${bridge_headers}"
    INTERFACE_INCLUDE_DIRECTORIES "${bridge_headers}"
    INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS}")
if(UNIX AND NOT APPLE)
    set_property(TARGET sam2lung_cxx APPEND PROPERTY INTERFACE_LINK_LIBRARIES m)
endif()
add_dependencies(sam2lung_cxx sam2lung_cxx_cargo)
add_library(sam2lung::cxx ALIAS sam2lung_cxx)
