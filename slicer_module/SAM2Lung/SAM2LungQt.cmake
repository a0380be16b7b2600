# The module itself and its panel: only with Slicer and its Qt.

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
    qSlicer${MODULE_NAME}Module.cxx
    qSlicer${MODULE_NAME}Module.h
    qSlicer${MODULE_NAME}ModuleWidget.cxx
    qSlicer${MODULE_NAME}ModuleWidget.h
    qSlicer${MODULE_NAME}ModuleWidget_p.cxx
    qSlicer${MODULE_NAME}ModuleWidget_p.h
  UI_SRCS
    Resources/UI/qSlicer${MODULE_NAME}ModuleWidget.ui
  TARGET_LIBRARIES
    vtkSlicer${MODULE_NAME}ModuleLogic
    vtkSlicer${MODULE_NAME}ModuleMRML
    vtkSlicerMarkupsModuleMRML
    qMRMLWidgets
  RESOURCES
    Resources/qSlicer${MODULE_NAME}Module.qrc
  WITH_GENERIC_TESTS
  )
