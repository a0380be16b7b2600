#ifndef __qSlicerSAM2LungModuleWidget_p_h
#define __qSlicerSAM2LungModuleWidget_p_h

#include "qSlicerSAM2LungModuleWidget.h"
#include "ui_qSlicerSAM2LungModuleWidget.h"

// Qt includes
#include <QStyle>
#include <QTemporaryDir>
#include <QTimer>

// SAM2Lung includes
#include "qSAM2LungPointPlacer.h"
#include "vtkMRMLSAM2LungParametersNode.h"

// MRML includes
#include <vtkMRMLScalarVolumeNode.h>

// VTK includes
#include <vtkSegmentation.h>
#include <vtkWeakPointer.h>

// STD includes
#include <string>
#include <vector>

class vtkMRMLSliceCompositeNode;
class vtkSlicerSAM2LungLogic;

/// \brief The panel's form: what leads from its widgets to the parameter node, and back.
class qSlicerSAM2LungModuleWidgetPrivate : public Ui_qSlicerSAM2LungModuleWidget
{
  Q_DECLARE_PUBLIC(qSlicerSAM2LungModuleWidget);

protected:
  qSlicerSAM2LungModuleWidget* const q_ptr;

public:
  explicit qSlicerSAM2LungModuleWidgetPrivate(qSlicerSAM2LungModuleWidget& object)
    : q_ptr(&object)
  {
  }

  vtkSlicerSAM2LungLogic* logic() const;
  bool isRunning() const;

  void fillComboBoxes();
  void connectActions();
  void connectOptions();
  void connectOutputs();
  template <class NodeType>
  void connectOutput(qMRMLNodeComboBox* box, void (vtkMRMLSAM2LungParametersNode::*set)(NodeType*));

  void takeMessage();
  /// For what the user should read even when the panel itself chooses another CT meanwhile.
  void addNotice(const QString& text);
  /// The bar stands above the table, that of a click below it.
  void placeProgress();
  void showMessage(const QString& text, QStyle::StandardPixmap icon);
  /// A map that a run has written is no CT and no prior, and would be taken for the next one when the CT goes.
  void hideOutputsFromInput();
  /// Whether the panel can list it: a volume that isn't hidden, no label map and no map that a run has written.
  bool canBeChosen(vtkMRMLScalarVolumeNode* volume) const;
  void observeView(vtkMRMLSliceCompositeNode* view);
  void observeViews();
  /// Asks whether the user's work may go.
  bool isLossAccepted(const QString& loss);
  /// What the mouse looks like over the views.
  void setViewCursors(bool placing);
  QString runCTName() const;
  void fillOverlayLegend();
  void letShrink();

  /// Reads anew which models are installed.
  void fillModels();
  /// A selector for each volume that the model takes beside the first one.
  void updateChannels();
  void addChannel(const std::string& name);
  void updateModel();
  /// Only a hybrid has slices to share.
  void updateShareOfSlices();
  void updateInput();
  void updateTitle();
  void updateWarnings();
  /// What the colours of the outlines mean.
  void updateLegend();
  void updateResult();
  void connectCorrection();
  /// Buttons for clicks that correct the current nodule, and what such clicks made of it.
  void updateCorrection();
  /// Segments that were edited by hand.
  void updateEdited();
  /// The menu with the table's columns, and what was chosen there last.
  void connectColumns();
  void connectPrior();
  /// The prior, what was compared, and what the prior alone has.
  void updatePrior();
  /// What can be exported, as a menu.
  void connectExport();
  /// Asks for a folder, at first for the one that was chosen last. \return empty: none was chosen
  QString askForFolder(const QString& title);
  /// A file of the DICOM series that the CT came from, by the CT itself or by Slicer's DICOM database; empty: not known.
  QString dicomFile() const;
  /// \param into_database  puts the DICOM objects there once they are written, and keeps nothing else
  void startReport(const QString& folder, const QString& dicom_file, bool into_database = false);
  /// Tells how the report went, and does what was to be done with it.
  void takeReport();
  void connectReader();
  /// Of the current nodule. A comment that is still being typed goes to the nodule that it was begun for.
  void showComment();
  void takeComment();
  void updateOptions();
  void updateOutputs();

  vtkWeakPointer<vtkMRMLSAM2LungParametersNode> Node;
  vtkWeakPointer<vtkMRMLScalarVolumeNode> CT;
  /// Names of the channels beside the first one, and their selectors.
  std::vector<std::string> Channels;
  std::vector<qMRMLNodeComboBox*> ChannelComboBoxes;
  /// Whose comment the line shows: number of a nodule, 0 for none, and its parameter node.
  int CommentedNodule{ 0 };
  vtkWeakPointer<vtkMRMLSAM2LungParametersNode> CommentedNode;
  /// What a click in a view is waited for.
  enum Purpose
  {
    Outline,
    AddInside,
    TakeAway
  };
  /// \return whether a click can be waited for; else the message says why
  bool waitForClick(Purpose purpose);
  bool isWaitingFor(Purpose purpose) const { return this->Placer.isPlacing() && this->PlacedFor == purpose; }

  qSAM2LungPointPlacer Placer;
  Purpose PlacedFor{ Outline };
  QTimer PreselectionTimer;
  QTimer FollowingTimer;
  QTimer EditsTimer;
  /// Which segments were edited by hand, as of the last look; empty: none.
  QString Edited;
  vtkWeakPointer<vtkSegmentation> Segmentation;
  /// A report is being written.
  bool Reporting{ false };
  /// Where it is written, if it goes into Slicer's DICOM database and is thrown away then.
  QScopedPointer<QTemporaryDir> ForDatabase;
  /// How the last run or call went, unless it completed.
  QString Message;
  QStyle::StandardPixmap MessageIcon{ QStyle::SP_MessageBoxInformation };
  /// What became of CTs that were removed; goes when the user chooses a CT or begins a run.
  QString Notice;
  bool DeviceReported{ false };
  bool CursorsSet{ false };
};

#endif
