# libsam2lung, as sam2lung::sam2lung: a built or installed package, or built here from the repository around this folder.

option(SAM2LUNG_SLICER_BUILD_LIBRARY "Build libsam2lung from the folder above, with cargo" ON)

if(SAM2LUNG_SLICER_BUILD_LIBRARY AND NOT sam2lung_DIR AND EXISTS "${CMAKE_CURRENT_LIST_DIR}/../../Cargo.toml")
  set(SAM2LUNG_INSTALL OFF)
  # Whoever builds extensions by the hundred runs no command for one of them.
  set(SAM2LUNG_FETCH_ONNXRUNTIME ON)
  add_subdirectory("${CMAKE_CURRENT_LIST_DIR}/../.." sam2lung)
else()
  find_package(sam2lung CONFIG REQUIRED)
endif()
