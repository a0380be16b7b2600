# Installs library, headers, program, ONNX Runtime, package files and licences. Nothing that is installed names a
# folder of this machine, so the prefix can be moved.

include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/sam2lung")
if(WIN32)
    set(runtime_dir "${CMAKE_INSTALL_BINDIR}") # where programs look for a DLL
else()
    set(runtime_dir "${CMAKE_INSTALL_LIBDIR}")
endif()

set(library "${SAM2LUNG_STAGE}/${SAM2LUNG_LIBRARY}")
set(links "${SAM2LUNG_LINKS}")
list(TRANSFORM links PREPEND "${SAM2LUNG_STAGE}/")
install(PROGRAMS "${library}" DESTINATION "${runtime_dir}")
install(FILES ${links} DESTINATION "${CMAKE_INSTALL_LIBDIR}")
foreach(implib IN LISTS SAM2LUNG_IMPLIB SAM2LUNG_MSVC_IMPLIB)
    install(FILES "${SAM2LUNG_STAGE}/${implib}" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endforeach()
install(PROGRAMS "${SAM2LUNG_CARGO_OUTPUT}/${SAM2LUNG_PROGRAM}" DESTINATION "${CMAKE_INSTALL_BINDIR}")
# No .pdb: cargo gives that of the library and that of the program one name, and nobody knows which one is left.
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")

# `cmake --install --strip` strips only what CMake has built itself, and cargo built these. Names of exported functions stay.
if(CMAKE_STRIP AND NOT MSVC)
    set(strip_options "--strip-unneeded")
    if(APPLE)
        set(strip_options "-x")
    endif()
    foreach(file "${runtime_dir}/${SAM2LUNG_LIBRARY}" "${CMAKE_INSTALL_BINDIR}/${SAM2LUNG_PROGRAM}")
        install(CODE "if(CMAKE_INSTALL_DO_STRIP)
    file(TO_CMAKE_PATH \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${file}\" stripped)
    execute_process(COMMAND \"${CMAKE_STRIP}\" ${strip_options} \"\${stripped}\" COMMAND_ERROR_IS_FATAL ANY)
endif()")
    endforeach()
endif()

if(SAM2LUNG_WITH_ONNXRUNTIME)
    install(PROGRAMS ${SAM2LUNG_ONNXRUNTIME_FILES} DESTINATION "${runtime_dir}")
    if(SAM2LUNG_ONNXRUNTIME_LINK)
        install(FILES "${SAM2LUNG_STAGE}/${SAM2LUNG_ONNXRUNTIME_LINK}" DESTINATION "${runtime_dir}")
    endif()
    install(FILES ${SAM2LUNG_ONNXRUNTIME_LICENCES} DESTINATION "${CMAKE_INSTALL_DOCDIR}/onnxruntime")
endif()
# The model card holds the attribution that the built-in model's data ask for.
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE-APACHE" "${PROJECT_SOURCE_DIR}/LICENSE-MIT"
    "${PROJECT_SOURCE_DIR}/onnx/MODEL_CARD.md" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

set(SAM2LUNG_PACKAGE_INCLUDE_DIR "${CMAKE_INSTALL_INCLUDEDIR}")
set(SAM2LUNG_PACKAGE_LIBRARY_DIR "${CMAKE_INSTALL_LIBDIR}")
set(SAM2LUNG_PACKAGE_RUNTIME_DIR "${runtime_dir}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/sam2lungConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/installed/sam2lungConfig.cmake"
    INSTALL_DESTINATION "${package_dir}"
    PATH_VARS SAM2LUNG_PACKAGE_INCLUDE_DIR SAM2LUNG_PACKAGE_LIBRARY_DIR SAM2LUNG_PACKAGE_RUNTIME_DIR)
install(FILES "${PROJECT_BINARY_DIR}/installed/sam2lungConfig.cmake"
    "${PROJECT_BINARY_DIR}/sam2lungConfigVersion.cmake" DESTINATION "${package_dir}")

# pkg-config's prefix is told relative to the .pc file.
file(RELATIVE_PATH SAM2LUNG_PC_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" SAM2LUNG_PC_PREFIX "${SAM2LUNG_PC_PREFIX}")
foreach(dir INCLUDEDIR LIBDIR)
    set(SAM2LUNG_PC_${dir} "\${prefix}/${CMAKE_INSTALL_${dir}}")
    if(IS_ABSOLUTE "${CMAKE_INSTALL_${dir}}")
        set(SAM2LUNG_PC_${dir} "${CMAKE_INSTALL_${dir}}")
    endif()
endforeach()
configure_file("${PROJECT_SOURCE_DIR}/cmake/sam2lung.pc.in" "${PROJECT_BINARY_DIR}/installed/sam2lung.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/installed/sam2lung.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
