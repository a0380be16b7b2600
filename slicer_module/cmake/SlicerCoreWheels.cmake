# Imported targets for the libraries of the Slicer core wheels, under the names that they have in Slicer.
#
# The wheels slicer-core, slicer-core-sdk and vtk hold Slicer without Qt: libraries, Slicer's headers and the class
# hierarchies for Python wrapping. VTK's headers and wrapping tools come from VTK's development package of the same
# version, unpacked or installed, or from Kitware's wheel vtk-sdk, unpacked or installed. Without the tools nothing is
# wrapped for Python, and the tests in Python are left out.
#
# Takes SAM2LUNG_SLICER_CORE_PYTHON and SAM2LUNG_SLICER_CORE_VTK_DEV. Leaves: an imported target a library (MRMLCore,
# vtkSlicerMarkupsModuleMRML, VTK::CommonCore …), MRML_LIBRARIES, SLICER_CORE_INCLUDE_DIRS, SLICER_CORE_HIERARCHIES,
# SLICER_CORE_WRAPS.

set(SAM2LUNG_SLICER_CORE_VTK_DEV "/usr" CACHE PATH
  "Prefix of VTK's headers (include/vtk-*) and tools (bin), or where the wheel vtk-sdk was unpacked or installed")

if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux" OR NOT CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  message(FATAL_ERROR "The build against the Slicer core wheels is made for Linux on x86-64; this is "
    "${CMAKE_SYSTEM_NAME} on ${CMAKE_SYSTEM_PROCESSOR}. Build against Slicer instead: -DSlicer_DIR=DIR")
endif()

# A Python that starts elsewhere has its modules elsewhere, too: ask it.
execute_process(COMMAND "${SAM2LUNG_SLICER_CORE_PYTHON}" -c [[
from importlib.metadata import version
from importlib.util import find_spec
from os.path import dirname
for name in ("vtkmodules", "slicer_core", "slicer_core_sdk"):
    print(dirname(find_spec(name).origin))
print(version("vtk"))
]] OUTPUT_VARIABLE answer ERROR_VARIABLE error RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE)
if(failed)
  message(FATAL_ERROR "${SAM2LUNG_SLICER_CORE_PYTHON} has not all of the wheels vtk, slicer-core, slicer-core-sdk:\n"
    "${error}\nInstall slicer_module/requirements-test.txt there.")
endif()
string(REPLACE "\n" ";" answer "${answer}")
list(GET answer 0 vtk_dir)
list(GET answer 1 slicer_dir)
list(GET answer 2 sdk_dir)
list(GET answer 3 vtk_version)
string(APPEND sdk_dir "/content")

# Headers of another version would fit by chance only.
string(REGEX MATCH "^[0-9]+\\.[0-9]+" vtk_series "${vtk_version}")
file(GLOB vtk_prefixes LIST_DIRECTORIES true "${SAM2LUNG_SLICER_CORE_VTK_DEV}" "${SAM2LUNG_SLICER_CORE_VTK_DEV}/content"
  "${SAM2LUNG_SLICER_CORE_VTK_DEV}/vtk_sdk/content" "${SAM2LUNG_SLICER_CORE_VTK_DEV}/packages/vtk_sdk/content"
  "${SAM2LUNG_SLICER_CORE_VTK_DEV}/lib/python3*/site-packages/vtk_sdk/content")
set(vtk_prefix "${SAM2LUNG_SLICER_CORE_VTK_DEV}")
foreach(prefix IN LISTS vtk_prefixes)
  if(EXISTS "${prefix}/include/vtk-${vtk_series}/vtkVersionMacros.h")
    set(vtk_prefix "${prefix}")
  endif()
endforeach()
set(vtk_include "${vtk_prefix}/include/vtk-${vtk_series}")
set(header_version "none")
if(EXISTS "${vtk_include}/vtkVersionMacros.h")
  file(STRINGS "${vtk_include}/vtkVersionMacros.h" header_version REGEX "define VTK_VERSION ")
  string(REGEX REPLACE ".*\"([0-9.]+).*" "\\1" header_version "${header_version}")
endif()
if(NOT header_version VERSION_EQUAL vtk_version)
  message(FATAL_ERROR "VTK's headers in ${vtk_include} have version ${header_version}; expected ${vtk_version}, the "
    "version of the wheel. Name the prefix of fitting ones: -DSAM2LUNG_SLICER_CORE_VTK_DEV=DIR")
endif()
set(SLICER_CORE_WRAPS ON)
foreach(tool vtkWrapHierarchy vtkWrapPython vtkWrapPythonInit)
  find_program(SAM2LUNG_SLICER_CORE_${tool} NAMES ${tool} ${tool}-${vtk_series} HINTS "${vtk_prefix}/bin")
  if(NOT SAM2LUNG_SLICER_CORE_${tool})
    set(SLICER_CORE_WRAPS OFF)
  endif()
endforeach()
if(NOT SLICER_CORE_WRAPS)
  message(STATUS "SKIPPED: the tests in Python, for ${vtk_prefix}/bin has no vtkWrapHierarchy, vtkWrapPython and "
    "vtkWrapPythonInit; VTK's development package has them")
endif()

# Debian's VTK is configured with TBB, the wheels' without.
set(overlay "${PROJECT_BINARY_DIR}/vtk-overlay")
file(READ "${vtk_include}/vtkSMP.h" smp)
string(REPLACE "#define VTK_SMP_TBB" "#define VTK_SMP_Sequential" smp "${smp}")
string(REPLACE "#define VTK_SMP_BACKEND \"TBB\"" "#define VTK_SMP_BACKEND \"Sequential\"" smp "${smp}")
string(REGEX REPLACE "(VTK_SMP_ENABLE_TBB|VTK_SMP_DEFAULT_IMPLEMENTATION_TBB) 1" "\\1 0" smp "${smp}")
string(REPLACE "VTK_SMP_DEFAULT_IMPLEMENTATION_SEQUENTIAL 0" "VTK_SMP_DEFAULT_IMPLEMENTATION_SEQUENTIAL 1" smp "${smp}")
file(CONFIGURE OUTPUT "${overlay}/vtkSMP.h" CONTENT "${smp}" @ONLY)

set(SLICER_CORE_INCLUDE_DIRS "${overlay}" "${sdk_dir}/include" "${sdk_dir}/third_party/include/vtkAddon"
  "${sdk_dir}/third_party/include/ITK-5.4" "${sdk_dir}/third_party/include" "${vtk_include}")
file(GLOB SLICER_CORE_HIERARCHIES "${sdk_dir}/hierarchy/*.txt")

# The wheels need Python's library where an executable isn't Python itself.
set(Python3_EXECUTABLE "${SAM2LUNG_SLICER_CORE_PYTHON}")
find_package(Python3 3.11 EXACT REQUIRED COMPONENTS Interpreter Development)

# They are made with the old layout of std::string. DT_RPATH instead of RUNPATH, as it holds for libraries of libraries,
# too: some of the wheels' have no RUNPATH of their own.
set(SLICER_CORE_LIBRARY_DIRS "${slicer_dir}" "${slicer_dir}/third_party.libs" "${vtk_dir}")
list(APPEND CMAKE_BUILD_RPATH ${SLICER_CORE_LIBRARY_DIRS})
add_library(slicer_core_flags INTERFACE)
target_compile_features(slicer_core_flags INTERFACE cxx_std_17)
target_compile_definitions(slicer_core_flags INTERFACE _GLIBCXX_USE_CXX11_ABI=0)
target_include_directories(slicer_core_flags SYSTEM INTERFACE ${SLICER_CORE_INCLUDE_DIRS})
target_link_options(slicer_core_flags INTERFACE -Wl,--disable-new-dtags)
foreach(dir IN LISTS SLICER_CORE_LIBRARY_DIRS)
  target_link_options(slicer_core_flags INTERFACE "-Wl,-rpath-link,${dir}")
endforeach()

function(slicer_core_import name file)
  if(NOT TARGET ${name})
    add_library(${name} SHARED IMPORTED)
    set_target_properties(${name} PROPERTIES IMPORTED_LOCATION "${file}"
      INTERFACE_LINK_LIBRARIES "slicer_core_flags;${ARGN}")
  endif()
endfunction()

file(GLOB libraries "${vtk_dir}/libvtk*.so")
foreach(library IN LISTS libraries)
  get_filename_component(name "${library}" NAME)
  string(REGEX REPLACE "^libvtk(.*)\\.so$" "\\1" name "${name}")
  if(name MATCHES "^WrappingPythonCore") # its name goes on with Python's version
    set(name WrappingPythonCore)
  endif()
  slicer_core_import(VTK::${name} "${library}")
endforeach()

# What code for MRML calls in VTK directly.
set(vtk_direct VTK::CommonCore VTK::CommonDataModel VTK::CommonExecutionModel VTK::CommonMath VTK::CommonTransforms
  VTK::CommonSystem VTK::FiltersCore VTK::FiltersGeneral VTK::FiltersSources VTK::ImagingCore VTK::ImagingGeneral
  VTK::ImagingStatistics VTK::IOCore VTK::IOXML VTK::sys)
file(GLOB libraries "${slicer_dir}/lib*.so")
list(APPEND libraries "${slicer_dir}/third_party.libs/libvtkAddon.so")
foreach(library IN LISTS libraries)
  get_filename_component(name "${library}" NAME)
  string(REGEX REPLACE "^lib(.*)\\.so$" "\\1" name "${name}")
  slicer_core_import(${name} "${library}" ${vtk_direct})
endforeach()

set(MRML_LIBRARIES MRMLCore MRMLLogic vtkAddon)
