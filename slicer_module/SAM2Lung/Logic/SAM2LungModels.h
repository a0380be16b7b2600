/// \file
/// Which models there are, and what has to be known of one before a run. Main thread only.
///
/// A model is named as vtkMRMLSAM2LungParametersNode::GetModelFolder() names it: empty for the one that is built in, a folder,
/// or `NAME@VERSION` of an installed one, which a scene can name on any machine.

#ifndef SAM2LungModels_h
#define SAM2LungModels_h

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sam2lung/bundle.hpp>

namespace sam2lung_slicer
{

/// What a model takes.
struct ModelFacts
{
  std::string name;
  std::vector<sam2lung::ModelChannel> channels; ///< The first one is the input volume.
  std::optional<double> share_of_slices;        ///< A hybrid's own.
  bool takes_clicks = false;                    ///< Whether its outlines go by clicks inside and outside.
};

/// A model that can be chosen from a list.
struct ModelChoice
{
  std::string model;   ///< As a parameter node names it.
  std::string title;   ///< Name and version, for people.
  std::string text;    ///< What it is for, what its signature is worth, what is wrong with it; for people.
  bool usable = false; ///< Whether nothing is known to be wrong with it.
};

/// Remembers what it has read, so that a panel may ask at every change.
class Models
{
public:
  /// The one that is built in, and behind it the installed ones.
  const std::vector<ModelChoice>& List();
  /// Why List() lacks the installed ones, for people; empty: it doesn't.
  const std::string& ListProblem();
  /// Whether an installed one has that name, `NAME` or `NAME@VERSION`.
  bool IsInstalled(const std::string& model);
  /// Null: it can't be opened; a run says why. A model is read when it is asked for first, and when its model.json is newer.
  const ModelFacts* Find(const std::string& model);
  /// Forgets everything: models may have been installed or removed.
  void Forget();

private:
  void ReadList();

  struct Known
  {
    long long written = 0; ///< When model.json was written; 0: the model is no folder.
    std::optional<ModelFacts> facts;
  };

  bool Listed = false;
  std::vector<ModelChoice> Choices;
  std::string Problem;
  std::map<std::string, Known> Facts;
};

/// "CT, PET".
std::string NamesOf(const std::vector<sam2lung::ModelChannel>& channels);

} // namespace sam2lung_slicer

#endif
