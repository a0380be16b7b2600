# Stand-ins for those of Slicer's CMake macros that this module uses, for the build against the Slicer core wheels.
# They take the same arguments; what is about Qt, installing and IDE folders is left out.

include(CTest)
include(GenerateExportHeader)
include("${CMAKE_CURRENT_LIST_DIR}/SlicerCorePythonWrap.cmake")

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(SLICER_CORE_PYTHON_DIR "${CMAKE_LIBRARY_OUTPUT_DIRECTORY}") # of the wrapped modules

function(slicer_core_add_library)
  cmake_parse_arguments(PARSE_ARGV 0 MY "" "NAME;EXPORT_DIRECTIVE" "SRCS;INCLUDE_DIRECTORIES;TARGET_LIBRARIES")
  add_library(${MY_NAME} SHARED ${MY_SRCS})
  generate_export_header(${MY_NAME} EXPORT_MACRO_NAME ${MY_EXPORT_DIRECTIVE} EXPORT_FILE_NAME ${MY_NAME}Export.h)
  target_include_directories(${MY_NAME} PUBLIC
    "${CMAKE_CURRENT_SOURCE_DIR}" "${CMAKE_CURRENT_BINARY_DIR}" ${MY_INCLUDE_DIRECTORIES})
  target_link_libraries(${MY_NAME} PUBLIC ${MY_TARGET_LIBRARIES})
  target_compile_options(${MY_NAME} PRIVATE -Wall -Wextra)
  slicer_core_wrap_python(${MY_NAME} ${MY_SRCS})
endfunction()

function(SlicerMacroBuildModuleMRML)
  slicer_core_add_library(${ARGN})
endfunction()

function(SlicerMacroBuildModuleLogic)
  slicer_core_add_library(${ARGN} vtkSlicerBaseLogic)
endfunction()

# As in Slicer, a test that prints a warning or an error of VTK fails. VTK_DEBUG_LEAKS is off in the wheels' VTK:
# Testing/Cxx/SAM2LungTesting.h looks for leaks instead.
function(slicerMacroConfigureModuleCxxTestDriver)
  cmake_parse_arguments(PARSE_ARGV 0 MY "WITH_VTK_DEBUG_LEAKS_CHECK;WITH_VTK_ERROR_OUTPUT_CHECK" "NAME"
    "SOURCES;INCLUDE_DIRECTORIES;TARGET_LIBRARIES")
  if(MY_WITH_VTK_ERROR_OUTPUT_CHECK)
    set(CMAKE_TESTDRIVER_BEFORE_TESTMAIN "TESTING_OUTPUT_ASSERT_WARNINGS_ERRORS(0);")
    set(CMAKE_TESTDRIVER_AFTER_TESTMAIN "TESTING_OUTPUT_ASSERT_WARNINGS_ERRORS(0);")
  endif()
  create_test_sourcelist(tests ${MY_NAME}CxxTests.cxx ${MY_SOURCES} EXTRA_INCLUDE vtkTestingOutputWindow.h)
  add_executable(${MY_NAME}CxxTests ${tests})
  target_include_directories(${MY_NAME}CxxTests PRIVATE ${MY_INCLUDE_DIRECTORIES})
  target_link_libraries(${MY_NAME}CxxTests PRIVATE ${MY_NAME} ${MY_TARGET_LIBRARIES})
  target_link_options(${MY_NAME}CxxTests PRIVATE -Wl,--no-as-needed "${Python3_LIBRARIES}")
endfunction()

function(simple_test name)
  add_test(NAME ${name} COMMAND ${KIT}CxxTests ${name} ${ARGN})
  set_property(TEST ${name} PROPERTY LABELS ${KIT})
endfunction()
