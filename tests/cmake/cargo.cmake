# Which cargo the build takes. SCRATCH: a folder, absolute, for what this makes.
#
# Run by `cmake -DSCRATCH=… -P cargo.cmake`.

cmake_minimum_required(VERSION 3.22)
set(finder "${CMAKE_CURRENT_LIST_DIR}/../../cmake/Sam2lungFindCargo.cmake")

# A cargo that only says which version it is.
function(make_cargo folder version)
    file(WRITE "${SCRATCH}/${folder}/cargo.in" "#!/bin/sh\necho 'cargo ${version} (made for a test)'\n")
    configure_file("${SCRATCH}/${folder}/cargo.in" "${SCRATCH}/${folder}/cargo" COPYONLY
        FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
endfunction()

# Runs the finder with this PATH and environment; `result` is what it found or said.
function(find_with path environment result)
    file(WRITE "${SCRATCH}/finder.cmake" "include(\"${finder}\")\nmessage(STATUS \"FOUND \${SAM2LUNG_CARGO}\")\n")
    execute_process(COMMAND "${CMAKE_COMMAND}" -E env --unset=CARGO_HOME ${environment} "PATH=${path}"
        "${CMAKE_COMMAND}" "-DCMAKE_PREFIX_PATH=${SCRATCH}/prefix" -P "${SCRATCH}/finder.cmake"
        OUTPUT_VARIABLE said ERROR_VARIABLE complained)
    string(REGEX REPLACE "[ \n]+" " " all "${said}${complained}")
    set(${result} "${all}" PARENT_SCOPE)
endfunction()

function(expect what got wanted)
    string(FIND "${got}" "${wanted}" at)
    if(at EQUAL -1)
        message(FATAL_ERROR "${what}: got '${got}'; expected '${wanted}'")
    endif()
endfunction()

make_cargo(prefix/bin 1.99.1)
make_cargo(first 1.99.2)
make_cargo(home/bin 1.99.3)
make_cargo(old 1.63.0)

find_with("${SCRATCH}/first:/usr/bin:/bin" "HOME=${SCRATCH}/none" found)
expect("the one on PATH wins over CMake's prefixes" "${found}" "FOUND ${SCRATCH}/first/cargo")
find_with("${SCRATCH}/empty" "HOME=${SCRATCH}/none;CARGO_HOME=${SCRATCH}/home" found)
expect("without one on PATH that of CARGO_HOME is taken" "${found}" "FOUND ${SCRATCH}/home/bin/cargo")
find_with("${SCRATCH}/old:${SCRATCH}/first" "HOME=${SCRATCH}/none" found)
expect("one that is too old is refused by name" "${found}" "${SCRATCH}/old/cargo is of Rust 1.63.0; expected 1.92 or newer")
find_with("${SCRATCH}/empty" "HOME=${SCRATCH}/none" found)
expect("none at all is said" "${found}" "cargo isn't there; expected Rust 1.92 or newer")
