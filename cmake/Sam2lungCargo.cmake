# Builds the library and the program with cargo, and lays them out as programs expect them.
#
# Leaves: the target sam2lung_cargo, SAM2LUNG_STAGE (folder with library, links and ONNX Runtime),
# SAM2LUNG_CARGO_OUTPUT (cargo's folder, with the program).

set(SAM2LUNG_CARGO_TARGET_DIR "${PROJECT_BINARY_DIR}/cargo" CACHE PATH "Where cargo builds")
set(SAM2LUNG_CARGO_TARGET "" CACHE STRING "Rust's target triple; empty: that of this machine")

# What CMake was told of macOS (as Slicer tells its extensions), cargo has to hear.
set(environment "")
if(APPLE)
    if(CMAKE_OSX_DEPLOYMENT_TARGET)
        set(environment "${CMAKE_COMMAND}" -E env "MACOSX_DEPLOYMENT_TARGET=${CMAKE_OSX_DEPLOYMENT_TARGET}")
    endif()
    if(CMAKE_OSX_ARCHITECTURES AND NOT SAM2LUNG_CARGO_TARGET)
        set(known_arm64 aarch64-apple-darwin)
        set(known_x86_64 x86_64-apple-darwin)
        if(NOT DEFINED "known_${CMAKE_OSX_ARCHITECTURES}")
            message(FATAL_ERROR "CMAKE_OSX_ARCHITECTURES is \"${CMAKE_OSX_ARCHITECTURES}\"; expected arm64 or x86_64, one at a "
                "time")
        endif()
        set(SAM2LUNG_CARGO_TARGET "${known_${CMAKE_OSX_ARCHITECTURES}}")
    endif()
endif()

# Two kinds of libraries go by the name of Windows: CMake's compiler and Rust have to make the same one.
if(WIN32)
    set(kind msvc)
    if(MINGW)
        set(kind gnu)
    endif()
    set(builds_for "${SAM2LUNG_CARGO_TARGET}")
    if(NOT builds_for)
        set(builds_for "${SAM2LUNG_CARGO_HOST}")
    endif()
    if(NOT builds_for MATCHES "-windows-${kind}")
        message(FATAL_ERROR "cargo builds for ${builds_for}, CMake's compiler is ${CMAKE_C_COMPILER_ID}; expected a target that "
            "ends with -windows-${kind}. Name it, as -DSAM2LUNG_CARGO_TARGET=x86_64-pc-windows-${kind}, or take the other "
            "compiler")
    endif()
endif()

set(SAM2LUNG_CARGO_OUTPUT "${SAM2LUNG_CARGO_TARGET_DIR}/release")
set(triple "")
if(SAM2LUNG_CARGO_TARGET)
    set(SAM2LUNG_CARGO_OUTPUT "${SAM2LUNG_CARGO_TARGET_DIR}/${SAM2LUNG_CARGO_TARGET}/release")
    set(triple --target "${SAM2LUNG_CARGO_TARGET}")
endif()
set(features "")
if(SAM2LUNG_WITH_JPEG_LS)
    set(features --features jpeg-ls)
endif()
set(SAM2LUNG_STAGE "${PROJECT_BINARY_DIR}/lib")

set(copies COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${SAM2LUNG_CARGO_OUTPUT}/${SAM2LUNG_CARGO_LIBRARY}"
    "${SAM2LUNG_STAGE}/${SAM2LUNG_LIBRARY}")
set(staged "${SAM2LUNG_STAGE}/${SAM2LUNG_LIBRARY}")
if(SAM2LUNG_IMPLIB)
    list(APPEND copies COMMAND "${CMAKE_COMMAND}" -E copy_if_different
        "${SAM2LUNG_CARGO_OUTPUT}/${SAM2LUNG_CARGO_IMPLIB}" "${SAM2LUNG_STAGE}/${SAM2LUNG_IMPLIB}")
    list(APPEND staged "${SAM2LUNG_STAGE}/${SAM2LUNG_IMPLIB}")
endif()

# Microsoft's linker wants a library of its own making, or one that dlltool makes of the list of functions. dlltool writes the
# path that it is given, and the number of its process, into what it makes.
if(SAM2LUNG_MSVC_IMPLIB)
    file(STRINGS "${PROJECT_SOURCE_DIR}/tests/capi/abi.txt" functions REGEX "^symbol ")
    list(TRANSFORM functions REPLACE "^symbol " "")
    list(JOIN functions "\n" functions)
    set(definitions "${PROJECT_BINARY_DIR}/sam2lung.def")
    file(CONFIGURE OUTPUT "${definitions}" CONTENT "LIBRARY ${SAM2LUNG_LIBRARY}\nEXPORTS\n${functions}\n")
    list(APPEND copies COMMAND "${CMAKE_COMMAND}" -E chdir "${SAM2LUNG_STAGE}" "${CMAKE_DLLTOOL}" --machine i386:x86-64
        --temp-prefix sam2lung --input-def "${definitions}" --output-lib "${SAM2LUNG_MSVC_IMPLIB}")
    list(APPEND staged "${SAM2LUNG_STAGE}/${SAM2LUNG_MSVC_IMPLIB}")
endif()

# cargo knows itself whether there is something to do: it is asked at every build.
add_custom_target(sam2lung_cargo ALL
    COMMAND ${environment} "${SAM2LUNG_CARGO}" build --release --locked --package sam2lung --lib --bin sam2lung
        --manifest-path "${PROJECT_SOURCE_DIR}/Cargo.toml" --target-dir "${SAM2LUNG_CARGO_TARGET_DIR}" ${triple} ${features}
    ${copies}
    BYPRODUCTS ${staged}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    COMMENT "Building libsam2lung with cargo"
    USES_TERMINAL VERBATIM)

# What doesn't change is laid out once.
file(MAKE_DIRECTORY "${SAM2LUNG_STAGE}")
foreach(link IN LISTS SAM2LUNG_LINKS)
    file(CREATE_LINK "${SAM2LUNG_LIBRARY}" "${SAM2LUNG_STAGE}/${link}" SYMBOLIC)
endforeach()
foreach(file IN LISTS SAM2LUNG_ONNXRUNTIME_FILES)
    get_filename_component(name "${file}" NAME)
    file(CREATE_LINK "${file}" "${SAM2LUNG_STAGE}/${name}" SYMBOLIC COPY_ON_ERROR)
endforeach()
if(SAM2LUNG_ONNXRUNTIME_LINK)
    file(CREATE_LINK "${SAM2LUNG_ONNXRUNTIME_NAME}" "${SAM2LUNG_STAGE}/${SAM2LUNG_ONNXRUNTIME_LINK}" SYMBOLIC)
endif()
