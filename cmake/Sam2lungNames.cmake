# What the files of the library are called on this system.
#
# Leaves: SAM2LUNG_CARGO_LIBRARY and SAM2LUNG_CARGO_IMPLIB (as cargo names them), SAM2LUNG_LIBRARY (the real file),
# SAM2LUNG_LINKS (links to it), SAM2LUNG_SONAME (what the loader looks for, on macOS behind SAM2LUNG_SONAME_PREFIX),
# SAM2LUNG_IMPLIB (what Windows programs link), SAM2LUNG_MSVC_IMPLIB (the same for Microsoft's linker, where MinGW builds),
# SAM2LUNG_PROGRAM.

# As in build.rs: the part of the version that changes when old programs no longer fit.
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(SAM2LUNG_ABI_SUFFIX "0.${PROJECT_VERSION_MINOR}")
else()
    set(SAM2LUNG_ABI_SUFFIX "${PROJECT_VERSION_MAJOR}")
endif()

set(SAM2LUNG_IMPLIB "")
set(SAM2LUNG_MSVC_IMPLIB "")
set(SAM2LUNG_LINKS "")
set(SAM2LUNG_SONAME "")
set(SAM2LUNG_SONAME_PREFIX "")
if(WIN32)
    set(SAM2LUNG_LIBRARY "sam2lung.dll")
    set(SAM2LUNG_CARGO_LIBRARY "sam2lung.dll")
    if(MINGW)
        set(SAM2LUNG_CARGO_IMPLIB "libsam2lung.dll.a")
        set(SAM2LUNG_IMPLIB "libsam2lung.dll.a")
        set(SAM2LUNG_MSVC_IMPLIB "sam2lung.lib")
    else()
        set(SAM2LUNG_CARGO_IMPLIB "sam2lung.dll.lib")
        set(SAM2LUNG_IMPLIB "sam2lung.lib")
    endif()
elseif(APPLE)
    set(SAM2LUNG_CARGO_LIBRARY "libsam2lung.dylib")
    set(SAM2LUNG_LIBRARY "libsam2lung.${PROJECT_VERSION}.dylib")
    set(SAM2LUNG_SONAME "libsam2lung.${SAM2LUNG_ABI_SUFFIX}.dylib")
    set(SAM2LUNG_SONAME_PREFIX "@rpath/") # build.rs sets it as the install name
    set(SAM2LUNG_LINKS "${SAM2LUNG_SONAME}" "libsam2lung.dylib")
else()
    set(SAM2LUNG_CARGO_LIBRARY "libsam2lung.so")
    set(SAM2LUNG_LIBRARY "libsam2lung.so.${PROJECT_VERSION}")
    set(SAM2LUNG_SONAME "libsam2lung.so.${SAM2LUNG_ABI_SUFFIX}")
    set(SAM2LUNG_LINKS "${SAM2LUNG_SONAME}" "libsam2lung.so")
endif()
set(SAM2LUNG_PROGRAM "sam2lung${CMAKE_EXECUTABLE_SUFFIX}")
