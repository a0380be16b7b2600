# sam2lung::sam2lung for this build tree, and a package that other build trees find by -Dsam2lung_DIR=BUILD_TREE.

include(CMakePackageConfigHelpers)

set(SAM2LUNG_PACKAGE_INCLUDE_DIR "${PROJECT_SOURCE_DIR}/include")
set(SAM2LUNG_PACKAGE_LIBRARY_DIR "${SAM2LUNG_STAGE}")
set(SAM2LUNG_PACKAGE_RUNTIME_DIR "${SAM2LUNG_STAGE}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/sam2lungConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/sam2lungConfig.cmake"
    INSTALL_PREFIX "${PROJECT_BINARY_DIR}" INSTALL_DESTINATION "${PROJECT_BINARY_DIR}"
    PATH_VARS SAM2LUNG_PACKAGE_INCLUDE_DIR SAM2LUNG_PACKAGE_LIBRARY_DIR SAM2LUNG_PACKAGE_RUNTIME_DIR)

# A program that was made with 0.1.2 runs with 0.1.9; 0.2.0 is another library (its soname says so, too).
set(compatibility SameMajorVersion)
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(compatibility SameMinorVersion)
endif()
write_basic_package_version_file("${PROJECT_BINARY_DIR}/sam2lungConfigVersion.cmake" COMPATIBILITY ${compatibility})

include("${PROJECT_BINARY_DIR}/sam2lungConfig.cmake")
set_target_properties(sam2lung::sam2lung PROPERTIES IMPORTED_GLOBAL TRUE)
add_dependencies(sam2lung::sam2lung sam2lung_cargo)
