# slicer_core_wrap_python(LIBRARY SOURCE...): the Python module LIBRARYPython, with a class a header of the sources; nothing
# without VTK's wrapping tools.

function(slicer_core_wrap_python kit)
  if(NOT SLICER_CORE_WRAPS)
    return()
  endif()
  set(dir "${CMAKE_CURRENT_BINARY_DIR}/${kit}Python.dir")
  set(headers ${ARGN})
  list(FILTER headers INCLUDE REGEX "\\.h$")
  list(TRANSFORM headers PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")

  set(data "")
  set(init "${kit}Python\n")
  set(sources "")
  foreach(header IN LISTS headers)
    get_filename_component(class "${header}" NAME_WE)
    string(APPEND data "${header};${kit}\n")
    string(APPEND init "${class}\n")
    list(APPEND sources "${dir}/${class}Python.cxx")
  endforeach()
  # Base classes have to be there before the module is.
  string(APPEND init "DEPENDS\nslicer_core.MRMLCore\nslicer_core.MRMLLogic\nslicer_core.vtkSlicerBaseLogic\n")
  if(NOT kit MATCHES "MRML$")
    string(REGEX REPLACE "Logic$" "MRML" mrml "${kit}")
    string(APPEND init "${mrml}Python\n")
  endif()
  file(CONFIGURE OUTPUT "${dir}/hierarchy.data" CONTENT "${data}" @ONLY)
  file(CONFIGURE OUTPUT "${dir}/init.data" CONTENT "${init}" @ONLY)
  file(GENERATE OUTPUT "${dir}/args" CONTENT
    "-I'$<JOIN:$<TARGET_PROPERTY:${kit},INCLUDE_DIRECTORIES>;${SLICER_CORE_INCLUDE_DIRS},'\n-I'>'\n")

  set(hierarchy "${dir}/hierarchy.txt")
  set(others ${SLICER_CORE_HIERARCHIES})
  get_property(built GLOBAL PROPERTY SLICER_CORE_BUILT_HIERARCHIES)
  list(APPEND others ${built})
  set_property(GLOBAL APPEND PROPERTY SLICER_CORE_BUILT_HIERARCHIES "${hierarchy}")
  add_custom_command(OUTPUT "${hierarchy}" DEPENDS ${headers} ${built}
    COMMAND "${SAM2LUNG_SLICER_CORE_vtkWrapHierarchy}" "@${dir}/args" -o "${hierarchy}" "${dir}/hierarchy.data" ${others}
    VERBATIM)

  set(types "")
  foreach(file IN LISTS others hierarchy)
    list(APPEND types --types "${file}")
  endforeach()
  foreach(header source IN ZIP_LISTS headers sources)
    add_custom_command(OUTPUT "${source}" DEPENDS "${header}" "${hierarchy}" ${built}
      COMMAND "${SAM2LUNG_SLICER_CORE_vtkWrapPython}" "@${dir}/args" ${types} -o "${source}" "${header}"
      VERBATIM)
  endforeach()
  add_custom_command(OUTPUT "${dir}/${kit}PythonInit.cxx" DEPENDS "${dir}/init.data"
    COMMAND "${SAM2LUNG_SLICER_CORE_vtkWrapPythonInit}" "${dir}/init.data" "${dir}/${kit}PythonInit.cxx"
    VERBATIM)

  Python3_add_library(${kit}Python MODULE ${sources} "${dir}/${kit}PythonInit.cxx")
  target_link_libraries(${kit}Python PRIVATE ${kit} VTK::WrappingPythonCore)
endfunction()
