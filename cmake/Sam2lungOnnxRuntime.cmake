# Finds the ONNX Runtime that goes beside the library.
#
# Leaves: SAM2LUNG_ONNXRUNTIME_FILES (what is copied), SAM2LUNG_ONNXRUNTIME_NAME and _LINK (the library and the name
# that the loader knows it by), SAM2LUNG_ONNXRUNTIME_LICENCES.

set(SAM2LUNG_ONNXRUNTIME_OWN "libsam2lung_ort${CMAKE_SHARED_LIBRARY_SUFFIX}") # under which the library looks first
if(WIN32)
    set(SAM2LUNG_ONNXRUNTIME_OWN "sam2lung_ort.dll")
    set(pattern "onnxruntime.dll")
    set(SAM2LUNG_ONNXRUNTIME_LINK "")
elseif(APPLE)
    set(pattern "libonnxruntime.*.dylib")
    set(SAM2LUNG_ONNXRUNTIME_LINK "libonnxruntime.1.dylib")
else()
    set(pattern "libonnxruntime.so.*")
    # Not libonnxruntime.so.1: a plugin of the host that needs another version would be given ours.
    set(SAM2LUNG_ONNXRUNTIME_LINK "libsam2lung_ort.so")
endif()

# Where `cargo xtask setup` puts it (for Windows, where that is another system, `cargo xtask setup --windows`); with several
# versions, the newest. Empty where there is none.
function(find_fetched_runtime result)
    set(fetched onnxruntime)
    if(WIN32 AND CMAKE_CROSSCOMPILING)
        set(fetched onnxruntime-windows)
    endif()
    file(GLOB candidates "${PROJECT_SOURCE_DIR}/.deps/${fetched}/${pattern}")
    list(SORT candidates COMPARE NATURAL ORDER DESCENDING)
    if(candidates)
        list(GET candidates 0 candidates)
    endif()
    set(${result} "${candidates}" PARENT_SCOPE)
endfunction()

find_fetched_runtime(found)
if(SAM2LUNG_FETCH_ONNXRUNTIME AND NOT SAM2LUNG_ONNXRUNTIME AND NOT found)
    message(STATUS "Fetching ONNX Runtime: cargo xtask setup")
    execute_process(COMMAND "${SAM2LUNG_CARGO}" xtask setup WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    find_fetched_runtime(found)
endif()
set(SAM2LUNG_ONNXRUNTIME "${found}" CACHE FILEPATH "ONNX Runtime's shared library, 1.24 or newer")
if(NOT SAM2LUNG_ONNXRUNTIME) # none was there when the cache was made
    set_property(CACHE SAM2LUNG_ONNXRUNTIME PROPERTY VALUE "${found}")
endif()

if(NOT EXISTS "${SAM2LUNG_ONNXRUNTIME}")
    message(FATAL_ERROR
        "ONNX Runtime's shared library is \"${SAM2LUNG_ONNXRUNTIME}\"; expected an existing file. One of these helps:\n"
        "  cargo xtask setup                    in ${PROJECT_SOURCE_DIR}, fetches it\n"
        "  -DSAM2LUNG_ONNXRUNTIME=FILE          takes yours\n"
        "  -DSAM2LUNG_WITH_ONNXRUNTIME=OFF      leaves it out; programs then find it by the environment variable\n"
        "                                       SAM2LUNG_ONNXRUNTIME or by the system's loader")
endif()

get_filename_component(library "${SAM2LUNG_ONNXRUNTIME}" REALPATH)
get_filename_component(folder "${library}" DIRECTORY)
get_filename_component(SAM2LUNG_ONNXRUNTIME_NAME "${library}" NAME)
if(SAM2LUNG_ONNXRUNTIME_NAME STREQUAL SAM2LUNG_ONNXRUNTIME_LINK)
    set(SAM2LUNG_ONNXRUNTIME_LINK "")
endif()

# The name that the loader keeps it by. `cargo xtask setup` has changed that of its own copy; of another one a changed copy
# is made.
if(NOT WIN32 AND NOT APPLE)
    file(STRINGS "${library}" renamed LIMIT_COUNT 1 REGEX "^libsam2lung_ort\\.so$")
    if(NOT renamed)
        set(copy "${PROJECT_BINARY_DIR}/onnxruntime/${SAM2LUNG_ONNXRUNTIME_NAME}")
        file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/onnxruntime")
        execute_process(COMMAND "${SAM2LUNG_CARGO}" xtask soname "${library}" "${copy}"
            WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" RESULT_VARIABLE failed)
        if(failed)
            message(FATAL_ERROR "${library} can't be given the name libsam2lung_ort.so (see above); expected a shared library "
                "whose name (readelf --dynamic: SONAME) isn't shorter. Take ONNX Runtime's own, or set "
                "-DSAM2LUNG_WITH_ONNXRUNTIME=OFF")
        endif()
        set(library "${copy}")
    endif()
endif()

# Windows knows a library by its file's name: a plugin that needs onnxruntime.dll would be given ours.
if(WIN32 AND NOT SAM2LUNG_ONNXRUNTIME_NAME STREQUAL SAM2LUNG_ONNXRUNTIME_OWN)
    set(SAM2LUNG_ONNXRUNTIME_NAME "${SAM2LUNG_ONNXRUNTIME_OWN}")
    file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/onnxruntime")
    file(COPY_FILE "${library}" "${PROJECT_BINARY_DIR}/onnxruntime/${SAM2LUNG_ONNXRUNTIME_OWN}" ONLY_IF_DIFFERENT)
    set(library "${PROJECT_BINARY_DIR}/onnxruntime/${SAM2LUNG_ONNXRUNTIME_OWN}")
endif()

# Execution providers are looked for beside the library. A folder that `cargo xtask setup --cuda` made also holds
# NVIDIA's libraries; any other folder may be full of strangers.
file(GLOB SAM2LUNG_ONNXRUNTIME_FILES "${folder}/*onnxruntime_providers_*${CMAKE_SHARED_LIBRARY_SUFFIX}")
if(EXISTS "${folder}/MANIFEST.txt")
    file(GLOB everything "${folder}/*${CMAKE_SHARED_LIBRARY_SUFFIX}*")
    if(WIN32)
        list(FILTER everything EXCLUDE REGEX "/onnxruntime\\.dll$") # it goes under our name
    endif()
    list(APPEND SAM2LUNG_ONNXRUNTIME_FILES ${everything})
endif()
list(APPEND SAM2LUNG_ONNXRUNTIME_FILES "${library}")
list(REMOVE_DUPLICATES SAM2LUNG_ONNXRUNTIME_FILES)

# Named by `cargo xtask setup`; or as ONNX Runtime's own archives have them, above lib/.
file(GLOB SAM2LUNG_ONNXRUNTIME_LICENCES "${folder}/*-LICENSE*" "${folder}/*-License*" "${folder}/*ThirdPartyNotices.txt"
    "${folder}/../LICENSE" "${folder}/../ThirdPartyNotices.txt")
set_property(GLOBAL PROPERTY SAM2LUNG_ONNXRUNTIME_LICENCES "${SAM2LUNG_ONNXRUNTIME_LICENCES}") # for the Slicer extension
