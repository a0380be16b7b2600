# The module itself and its panel: only with Slicer and its Qt.

# Slicer's DICOM database, where Slicer has one.
if(Slicer_BUILD_DICOM_SUPPORT)
  set(DICOM_LIBRARIES CTKDICOMCore)
endif()

slicerMacroBuildLoadableModule(
  NAME ${MODULE_NAME}
  EXPORT_DIRECTIVE "Q_SLICER_QTMODULES_${MODULE_NAME_UPPER}_EXPORT"
  INCLUDE_DIRECTORIES
    ${CMAKE_CURRENT_SOURCE_DIR}/Logic
    ${CMAKE_CURRENT_BINARY_DIR}/Logic
    ${CMAKE_CURRENT_SOURCE_DIR}/MRML
    ${CMAKE_CURRENT_BINARY_DIR}/MRML
    ${CMAKE_CURRENT_SOURCE_DIR}/Widgets
  SRCS
    Widgets/qSAM2LungNoduleTable.cxx
    Widgets/qSAM2LungNoduleTable.h
    Widgets/qSAM2LungPointPlacer.cxx
    Widgets/qSAM2LungPointPlacer.h
    Widgets/qSAM2LungShow.h
    qSlicer${MODULE_NAME}Module.cxx
    qSlicer${MODULE_NAME}Module.h
    qSlicer${MODULE_NAME}ModuleWidget.cxx
    qSlicer${MODULE_NAME}ModuleWidget.h
    qSlicer${MODULE_NAME}ModuleWidget_p.cxx
    qSlicer${MODULE_NAME}ModuleWidget_p.h
    qSlicer${MODULE_NAME}ModuleWidget_export.cxx
    qSlicer${MODULE_NAME}ModuleWidget_prior.cxx
  UI_SRCS
    Resources/UI/qSlicer${MODULE_NAME}ModuleWidget.ui
  TARGET_LIBRARIES
    vtkSlicer${MODULE_NAME}ModuleLogic
    vtkSlicer${MODULE_NAME}ModuleMRML
    vtkSlicerMarkupsModuleMRML
    qMRMLWidgets
    ${DICOM_LIBRARIES}
  RESOURCES
    Resources/qSlicer${MODULE_NAME}Module.qrc
  WITH_GENERIC_TESTS
  )
