#ifndef __qSAM2LungShow_h
#define __qSAM2LungShow_h

// Widgets that show a value without saying that the user chose it.

// Qt includes
#include <QAbstractButton>
#include <QComboBox>
#include <QSignalBlocker>

// CTK includes
#include <ctkPathLineEdit.h>

// qMRML includes
#include <qMRMLNodeComboBox.h>

/// Setting what is there already would move the cursor under the hands of who types.
template <class SpinBox, class Value>
inline void showValue(SpinBox* box, Value value)
{
  const QSignalBlocker blocker(box);
  if (box->value() != value)
  {
    box->setValue(value);
  }
}

inline void showIndex(QComboBox* box, int index)
{
  const QSignalBlocker blocker(box);
  box->setCurrentIndex(index);
}

inline void showChecked(QAbstractButton* button, bool checked)
{
  const QSignalBlocker blocker(button);
  button->setChecked(checked);
}

inline void showNode(qMRMLNodeComboBox* box, vtkMRMLNode* node)
{
  const QSignalBlocker blocker(box);
  box->setCurrentNode(node);
}

/// A box whose node goes would show the next one instead, and say that the user chose it.
inline void letGoOfRemoved(qMRMLNodeComboBox* box)
{
  QObject::connect(box, &qMRMLNodeComboBox::nodeAboutToBeRemoved, box,
                   [box](vtkMRMLNode* node)
                   {
                     if (node == box->currentNode())
                     {
                       showNode(box, nullptr);
                     }
                   });
}

inline void showPath(ctkPathLineEdit* edit, const QString& path)
{
  const QSignalBlocker blocker(edit);
  if (edit->currentPath() != path)
  {
    edit->setCurrentPath(path);
  }
}

#endif
