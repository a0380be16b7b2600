#include "qSAM2LungPointPlacer.h"

// Qt includes
#include <QTimer>

// MRML includes
#include <vtkMRMLDisplayNode.h>
#include <vtkMRMLInteractionNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLSelectionNode.h>

// VTK includes
#include <vtkNew.h>
#include <vtkWeakPointer.h>

// STD includes
#include <string>

//-----------------------------------------------------------------------------
class qSAM2LungPointPlacerPrivate
{
public:
  vtkMRMLInteractionNode* interaction() const;
  vtkMRMLSelectionNode* selection() const;
  bool nodeIsActive() const;
  void addNode();
  void removeNode();

  vtkWeakPointer<vtkMRMLScene> Scene;
  vtkWeakPointer<vtkMRMLMarkupsFiducialNode> Node;
  bool Placing{ false };
  /// What was to be placed before; comes back afterwards.
  std::string OtherNodeID;
  std::string OtherClassName;
};

//-----------------------------------------------------------------------------
vtkMRMLInteractionNode* qSAM2LungPointPlacerPrivate::interaction() const
{
  return this->Scene ? vtkMRMLInteractionNode::SafeDownCast(
                         this->Scene->GetNodeByID("vtkMRMLInteractionNodeSingleton"))
                     : nullptr;
}

//-----------------------------------------------------------------------------
vtkMRMLSelectionNode* qSAM2LungPointPlacerPrivate::selection() const
{
  return this->Scene ? vtkMRMLSelectionNode::SafeDownCast(this->Scene->GetNodeByID("vtkMRMLSelectionNodeSingleton"))
                     : nullptr;
}

//-----------------------------------------------------------------------------
bool qSAM2LungPointPlacerPrivate::nodeIsActive() const
{
  vtkMRMLSelectionNode* selection = this->selection();
  const char* active = selection ? selection->GetActivePlaceNodeID() : nullptr;
  return active && this->Node && this->Node->GetID() && std::string(active) == this->Node->GetID();
}

//-----------------------------------------------------------------------------
void qSAM2LungPointPlacerPrivate::addNode()
{
  vtkNew<vtkMRMLMarkupsFiducialNode> node;
  node->SetName("SAM2Lung point");
  node->SetHideFromEditors(true);
  node->SetSaveWithScene(false);
  this->Scene->AddNode(node);
  node->CreateDefaultDisplayNodes();
  if (node->GetDisplayNode())
  {
    node->GetDisplayNode()->SetSaveWithScene(false);
  }
  this->Node = node;
}

//-----------------------------------------------------------------------------
void qSAM2LungPointPlacerPrivate::removeNode()
{
  if (this->Node && this->Scene && this->Node->GetScene() == this->Scene)
  {
    if (vtkMRMLDisplayNode* display = this->Node->GetDisplayNode())
    {
      this->Scene->RemoveNode(display);
    }
    this->Scene->RemoveNode(this->Node);
  }
  this->Node = nullptr;
}

//-----------------------------------------------------------------------------
qSAM2LungPointPlacer::qSAM2LungPointPlacer(QObject* parent)
  : Superclass(parent)
  , d_ptr(new qSAM2LungPointPlacerPrivate)
{
}

//-----------------------------------------------------------------------------
qSAM2LungPointPlacer::~qSAM2LungPointPlacer()
{
  Q_D(qSAM2LungPointPlacer);
  this->qvtkDisconnectAll();
  d->removeNode();
}

//-----------------------------------------------------------------------------
bool qSAM2LungPointPlacer::isPlacing() const
{
  Q_D(const qSAM2LungPointPlacer);
  return d->Placing;
}

//-----------------------------------------------------------------------------
bool qSAM2LungPointPlacer::start(vtkMRMLScene* scene)
{
  Q_D(qSAM2LungPointPlacer);
  this->stop();
  d->Scene = scene;
  vtkMRMLInteractionNode* interaction = d->interaction();
  vtkMRMLSelectionNode* selection = d->selection();
  if (!interaction || !selection)
  {
    return false;
  }
  d->OtherNodeID = selection->GetActivePlaceNodeID() ? selection->GetActivePlaceNodeID() : "";
  d->OtherClassName = selection->GetActivePlaceNodeClassName() ? selection->GetActivePlaceNodeClassName() : "";
  d->addNode();
  selection->SetReferenceActivePlaceNodeClassName(d->Node->GetClassName());
  selection->SetReferenceActivePlaceNodeID(d->Node->GetID());
  interaction->SwitchToSinglePlaceMode();

  this->qvtkConnect(d->Node, vtkMRMLMarkupsNode::PointPositionDefinedEvent, this, SLOT(onPointDefined()));
  this->qvtkConnect(interaction, vtkMRMLInteractionNode::InteractionModeChangedEvent, this, SLOT(onSelectionChanged()));
  this->qvtkConnect(selection, vtkCommand::ModifiedEvent, this, SLOT(onSelectionChanged()));
  this->qvtkConnect(scene, vtkMRMLScene::StartCloseEvent, this, SLOT(stop()));
  d->Placing = true;
  emit placingChanged(true);
  return true;
}

//-----------------------------------------------------------------------------
void qSAM2LungPointPlacer::onPointDefined()
{
  // The view that placed the point still uses the node: it goes when the view is done with it.
  QTimer::singleShot(0, this, &qSAM2LungPointPlacer::finish);
}

//-----------------------------------------------------------------------------
void qSAM2LungPointPlacer::onSelectionChanged()
{
  Q_D(qSAM2LungPointPlacer);
  vtkMRMLInteractionNode* interaction = d->interaction();
  if (!d->nodeIsActive() || !interaction || interaction->GetCurrentInteractionMode() != vtkMRMLInteractionNode::Place)
  {
    QTimer::singleShot(0, this, &qSAM2LungPointPlacer::finish);
  }
}

//-----------------------------------------------------------------------------
void qSAM2LungPointPlacer::finish()
{
  Q_D(qSAM2LungPointPlacer);
  if (!d->Placing)
  {
    return;
  }
  double ras[3] = { 0.0, 0.0, 0.0 };
  bool defined = false;
  QString volumeID;
  if (d->Node && d->Node->GetNumberOfControlPoints() > 0)
  {
    defined = d->Node->GetNthControlPointPositionStatus(0) == vtkMRMLMarkupsNode::PositionDefined;
    d->Node->GetNthControlPointPositionWorld(0, ras);
    // The view that placed the point wrote there what it shows.
    volumeID = QString::fromStdString(d->Node->GetNthControlPointAssociatedNodeID(0));
  }
  this->stop();
  if (defined)
  {
    emit placed(ras[0], ras[1], ras[2], volumeID);
  }
}

//-----------------------------------------------------------------------------
void qSAM2LungPointPlacer::stop()
{
  Q_D(qSAM2LungPointPlacer);
  if (!d->Placing)
  {
    return;
  }
  d->Placing = false;
  this->qvtkDisconnectAll();
  // If another module places something by now, its place mode is left alone.
  if (d->nodeIsActive())
  {
    vtkMRMLInteractionNode* interaction = d->interaction();
    if (interaction && interaction->GetCurrentInteractionMode() == vtkMRMLInteractionNode::Place)
    {
      interaction->SwitchToViewTransformMode();
    }
    const bool otherExists = !d->OtherNodeID.empty() && d->Scene->GetNodeByID(d->OtherNodeID);
    d->selection()->SetReferenceActivePlaceNodeID(otherExists ? d->OtherNodeID.c_str() : nullptr);
    if (!d->OtherClassName.empty())
    {
      d->selection()->SetReferenceActivePlaceNodeClassName(d->OtherClassName.c_str());
    }
  }
  d->removeNode();
  emit placingChanged(false);
}
