/// \file
/// Installed models: listed with what is wrong with them, chosen by name, and run.

#include "SAM2LungTestScene.h"

#include <vtkAddonTestingMacros.h>

#include <vtksys/Directory.hxx>
#include <vtksys/SystemTools.hxx>

using namespace sam2lung_testing;

namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;
using vtksys::SystemTools;

/// A folder of installed models, of copies of tests/bundles, that the library looks into.
int Install(const std::string& bundles, const std::string& folder)
{
  SystemTools::RemoveADirectory(folder);
  for (const std::string name : { "tiny-clicks", "tiny-plain" })
  {
    const std::string place = folder + "/" + name + "/1.0.0";
    CHECK_BOOL(SystemTools::MakeDirectory(place).IsSuccess(), true);
    for (const std::string file : { "model.json", "graph.onnx", "encoder.onnx", "decoder.onnx" })
    {
      const std::string from = bundles + "/" + name + "/" + file;
      CHECK_BOOL(!SystemTools::FileExists(from, true) || SystemTools::CopyFileAlways(from, place).IsSuccess(), true);
    }
  }
  CHECK_BOOL(SystemTools::RemoveFile(folder + "/tiny-plain/1.0.0/graph.onnx").IsSuccess(), true);
  SystemTools::PutEnv("SAM2LUNG_MODELS=" + folder);
  return EXIT_SUCCESS;
}

int InstalledModelsAreListed(const std::string& bundles)
{
  TestScene test(bundles);
  CHECK_STD_STRING(test.Logic->GetModelsProblem(), "");
  CHECK_INT(test.Logic->GetNumberOfModels(), 3);
  CHECK_STD_STRING(test.Logic->GetNthModel(0), "");
  CHECK_BOOL(test.Logic->GetNthModelTitle(0).find(" (built in)") != std::string::npos, true);
  CHECK_BOOL(test.Logic->GetNthModelUsable(0), true);
  CHECK_STD_STRING(test.Logic->GetNthModel(1), "tiny-clicks@1.0.0");
  CHECK_STD_STRING(test.Logic->GetNthModelTitle(1), "tiny-clicks 1.0.0");
  CHECK_STD_STRING(test.Logic->GetNthModelText(1), "CT -> findings of nodule; segment (slice)\nnot signed");
  CHECK_BOOL(test.Logic->GetNthModelUsable(1), true);
  CHECK_STD_STRING(test.Logic->GetNthModel(2), "tiny-plain@1.0.0");
  CHECK_BOOL(test.Logic->GetNthModelUsable(2), false);
  CHECK_BOOL(test.Logic->GetNthModelText(2).find("E_MODEL_BUNDLE: ") != std::string::npos, true);
  CHECK_STD_STRING(test.Logic->GetNthModel(3), "");
  CHECK_BOOL(test.Logic->GetNthModelUsable(3), false);
  CHECK_BOOL(test.Logic->GetNthModelUsable(-1), false);
  return EXIT_SUCCESS;
}

int InstalledModelIsRunByItsName(const std::string& bundles, const std::string& folder)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  for (const char* name : { "tiny-clicks@1.0.0", "tiny-clicks" })
  {
    parameters->SetModelFolder(name);
    CHECK_STD_STRING(test.Logic->GetInputProblem(parameters), "");
    CHECK_BOOL(test.Logic->Segment(parameters), true);
  }
  parameters->SetModelFolder("tiny-clicks@2.0.0");
  CHECK_STD_STRING(test.Logic->GetInputProblem(parameters),
                   "'tiny-clicks@2.0.0' is not a folder with model.json, and no installed model has that name; expected one of "
                   "them. Choose another model, or the one that is built in.");
  // What is installed later is seen after the list was read anew.
  CHECK_BOOL(SystemTools::CopyADirectory(folder + "/tiny-clicks/1.0.0", folder + "/tiny-clicks/2.0.0").IsSuccess(), true);
  test.Logic->RefreshModels();
  CHECK_INT(test.Logic->GetNumberOfModels(), 4);
  return EXIT_SUCCESS;
}

int FolderThatCannotBeReadLeavesTheBuiltInModel(const std::string& bundles)
{
  TestScene test(bundles);
  SystemTools::PutEnv("SAM2LUNG_MODELS=" + bundles + "/tiny-plain/model.json");
  CHECK_INT(test.Logic->GetNumberOfModels(), 1);
  CHECK_BOOL(test.Logic->GetNthModelUsable(0), true);
  CHECK_BOOL(test.Logic->GetModelsProblem().empty(), false);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungLogicModelsTest(int argc, char* argv[])
{
  CHECK_BOOL(argc > 2, true);
  const std::string bundles = argv[1];
  const std::string folder = std::string(argv[2]) + "/models";
  CHECK_EXIT_SUCCESS(Install(bundles, folder));
  CHECK_EXIT_SUCCESS(InstalledModelsAreListed(bundles));
  CHECK_EXIT_SUCCESS(InstalledModelIsRunByItsName(bundles, folder));
  CHECK_EXIT_SUCCESS(FolderThatCannotBeReadLeavesTheBuiltInModel(bundles));
  return EXIT_SUCCESS;
}
