# What the extension brings besides its module: libsam2lung, ONNX Runtime, their licences.
#
# Both lie in Slicer's folder for third-party libraries. The module's logic finds libsam2lung by its run path, and libsam2lung
# finds ONNX Runtime beside itself: no environment variable is needed.

option(SAM2LUNG_SLICER_WITH_CUDA "Package ONNX Runtime's CUDA parts, too, where they are beside ONNX Runtime" OFF)

get_target_property(sam2lung_library sam2lung::sam2lung IMPORTED_LOCATION)
get_target_property(sam2lung_soname sam2lung::sam2lung IMPORTED_SONAME)
get_filename_component(sam2lung_folder "${sam2lung_library}" DIRECTORY)
if(NOT sam2lung_soname)
  get_filename_component(sam2lung_soname "${sam2lung_library}" NAME)
endif()
get_filename_component(sam2lung_soname "${sam2lung_soname}" NAME) # macOS: without @rpath/

install(PROGRAMS "${sam2lung_library}" RENAME "${sam2lung_soname}"
  DESTINATION "${Slicer_INSTALL_THIRDPARTY_LIB_DIR}" COMPONENT RuntimeLibraries)

# Two thirds of it tell debuggers where lines are. CMake strips what it builds itself, only.
if(CMAKE_STRIP AND UNIX AND NOT APPLE)
  set(installed "\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${Slicer_INSTALL_THIRDPARTY_LIB_DIR}/${sam2lung_soname}")
  install(CODE "execute_process(COMMAND \"${CMAKE_STRIP}\" --strip-debug \"${installed}\")"
    COMPONENT RuntimeLibraries)
endif()

set(patterns "libsam2lung_ort.so" "libonnxruntime.1.dylib" "sam2lung_ort.dll" "*onnxruntime_providers_shared*")
if(SAM2LUNG_SLICER_WITH_CUDA)
  list(APPEND patterns "*onnxruntime_providers_cuda*" "libcu*.so*" "libnv*.so*")
endif()
list(TRANSFORM patterns PREPEND "${sam2lung_folder}/")
file(GLOB onnxruntime_files ${patterns})
if(NOT onnxruntime_files)
  message(FATAL_ERROR "No ONNX Runtime lies in ${sam2lung_folder}, beside libsam2lung; expected one. Run `cargo xtask setup` "
    "and configure again, or name one by -DSAM2LUNG_ONNXRUNTIME=FILE")
endif()
foreach(file IN LISTS onnxruntime_files)
  # A link would be packaged as a link to a file of this machine.
  get_filename_component(name "${file}" NAME)
  get_filename_component(real "${file}" REALPATH)
  install(PROGRAMS "${real}" RENAME "${name}"
    DESTINATION "${Slicer_INSTALL_THIRDPARTY_LIB_DIR}" COMPONENT RuntimeLibraries)
endforeach()

# As CPack and Slicer lay them out: the module's libraries lie below the third-party ones.
file(RELATIVE_PATH up "/${Slicer_INSTALL_QTLOADABLEMODULES_LIB_DIR}" "/${Slicer_INSTALL_THIRDPARTY_LIB_DIR}")
if(APPLE)
  set(SAM2LUNG_RUN_PATH "@loader_path/${up}")
elseif(UNIX)
  set(SAM2LUNG_RUN_PATH "$ORIGIN/${up}")
endif()

get_filename_component(repository "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
set(licences "${repository}/LICENSE-APACHE" "${repository}/LICENSE-MIT" "${repository}/onnx/MODEL_CARD.md")
# As the library was built here, as its package was installed, or as a build folder links it.
get_property(onnxruntime_licences GLOBAL PROPERTY SAM2LUNG_ONNXRUNTIME_LICENCES)
if(NOT onnxruntime_licences)
  list(GET onnxruntime_files 0 onnxruntime_folder)
  get_filename_component(onnxruntime_folder "${onnxruntime_folder}" REALPATH)
  get_filename_component(onnxruntime_folder "${onnxruntime_folder}" DIRECTORY)
  file(GLOB onnxruntime_licences "${sam2lung_folder}/../share/doc/sam2lung/onnxruntime/*"
    "${onnxruntime_folder}/*-LICENSE*" "${onnxruntime_folder}/*ThirdPartyNotices.txt")
endif()
if(NOT onnxruntime_licences)
  message(FATAL_ERROR "ONNX Runtime's licence isn't there; expected it where `cargo xtask setup` puts it, or in "
    "${sam2lung_folder}/../share/doc/sam2lung/onnxruntime. Without it nothing is packaged")
endif()
install(FILES ${licences} ${onnxruntime_licences}
  DESTINATION "${Slicer_INSTALL_QTLOADABLEMODULES_SHARE_DIR}/SAM2Lung/Licences" COMPONENT RuntimeLibraries)
