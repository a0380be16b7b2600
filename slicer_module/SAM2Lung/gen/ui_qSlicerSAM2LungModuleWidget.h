/********************************************************************************
** Form generated from reading UI file 'qSlicerSAM2LungModuleWidget.ui'
**
** Created by: Qt User Interface Compiler version 5.15.8
**
** WARNING! All changes made in this file will be lost when recompiling UI file!
********************************************************************************/

#ifndef QSLICERSAM2LUNGMODULEWIDGET_H
#define QSLICERSAM2LUNGMODULEWIDGET_H

#include <QtCore/QVariant>
#include <QtWidgets/QApplication>
#include <QtWidgets/QCheckBox>
#include <QtWidgets/QComboBox>
#include <QtWidgets/QDoubleSpinBox>
#include <QtWidgets/QFormLayout>
#include <QtWidgets/QFrame>
#include <QtWidgets/QGridLayout>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPlainTextEdit>
#include <QtWidgets/QProgressBar>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QSpinBox>
#include <QtWidgets/QVBoxLayout>
#include <QtWidgets/QWidget>
#include "ctkCollapsibleButton.h"
#include "ctkPathLineEdit.h"
#include "ctkSliderWidget.h"
#include "qMRMLNodeComboBox.h"
#include "qMRMLSegmentSelectorWidget.h"
#include "qSAM2LungNoduleTable.h"
#include "qSlicerWidget.h"

QT_BEGIN_NAMESPACE

class Ui_qSlicerSAM2LungModuleWidget
{
public:
    QVBoxLayout *RootLayout;
    QVBoxLayout *PanelLayout;
    QFormLayout *InputLayout;
    QLabel *InputVolumeLabel;
    qMRMLNodeComboBox *InputVolumeComboBox;
    QPushButton *SegmentNodulesButton;
    QWidget *MessageWidget;
    QHBoxLayout *MessageLayout;
    QLabel *MessageIconLabel;
    QLabel *MessageLabel;
    QWidget *ProgressWidget;
    QGridLayout *ProgressLayout;
    QProgressBar *ProgressBar;
    QPushButton *CancelButton;
    QLabel *StageLabel;
    QLabel *ResultLabel;
    QFrame *WarningWidget;
    QHBoxLayout *WarningLayout;
    QLabel *WarningIconLabel;
    QLabel *WarningLabel;
    QLabel *NodulesTitleLabel;
    qSAM2LungNoduleTable *NoduleTable;
    QLabel *NoduleDetailsLabel;
    QLabel *LegendLabel;
    QPushButton *OutlineAtPointButton;
    QHBoxLayout *OverlayLayout;
    QCheckBox *OverlayCheckBox;
    ctkSliderWidget *OverlayOpacitySlider;
    QHBoxLayout *OverlayLegendLayout;
    QLabel *OverlayLegendLowLabel;
    QLabel *OverlayLegendLabel;
    QLabel *OverlayLegendHighLabel;
    ctkCollapsibleButton *AdvancedCollapsibleButton;
    QFormLayout *AdvancedLayout;
    QLabel *SamplesSpinBoxLabel;
    QSpinBox *SamplesSpinBox;
    QLabel *SeedSpinBoxLabel;
    QSpinBox *SeedSpinBox;
    QLabel *DeviceComboBoxLabel;
    QComboBox *DeviceComboBox;
    QLabel *DeviceReportTextLabel;
    QPlainTextEdit *DeviceReportText;
    QLabel *ThresholdSpinBoxLabel;
    QDoubleSpinBox *ThresholdSpinBox;
    QLabel *SensitivitySpinBoxLabel;
    QDoubleSpinBox *SensitivitySpinBox;
    QLabel *SearchComboBoxLabel;
    QComboBox *SearchComboBox;
    QLabel *LungMaskSelectorLabel;
    qMRMLSegmentSelectorWidget *LungMaskSelector;
    QLabel *UncertaintyComboBoxLabel;
    QComboBox *UncertaintyComboBox;
    QLabel *ModelFolderPathLineEditLabel;
    ctkPathLineEdit *ModelFolderPathLineEdit;
    QCheckBox *UncertaintyEverywhereCheckBox;
    QCheckBox *WriteProbabilityCheckBox;
    QCheckBox *ZoomToNoduleCheckBox;
    QCheckBox *LungWindowCheckBox;
    QLabel *SegmentationComboBoxLabel;
    qMRMLNodeComboBox *SegmentationComboBox;
    QLabel *LabelMapComboBoxLabel;
    qMRMLNodeComboBox *LabelMapComboBox;
    QLabel *UncertaintyVolumeComboBoxLabel;
    qMRMLNodeComboBox *UncertaintyVolumeComboBox;
    QLabel *ProbabilityVolumeComboBoxLabel;
    qMRMLNodeComboBox *ProbabilityVolumeComboBox;
    QLabel *NoduleTableComboBoxLabel;
    qMRMLNodeComboBox *NoduleTableComboBox;
    QLabel *NodulePointsComboBoxLabel;
    qMRMLNodeComboBox *NodulePointsComboBox;
    QLabel *ResearchUseLabel;

    void setupUi(qSlicerWidget *qSlicerSAM2LungModuleWidget)
    {
        if (qSlicerSAM2LungModuleWidget->objectName().isEmpty())
            qSlicerSAM2LungModuleWidget->setObjectName(QString::fromUtf8("qSlicerSAM2LungModuleWidget"));
        RootLayout = new QVBoxLayout(qSlicerSAM2LungModuleWidget);
        RootLayout->setObjectName(QString::fromUtf8("RootLayout"));
        PanelLayout = new QVBoxLayout();
        PanelLayout->setObjectName(QString::fromUtf8("PanelLayout"));
        PanelLayout->setContentsMargins(6, -1, 6, -1);
        InputLayout = new QFormLayout();
        InputLayout->setObjectName(QString::fromUtf8("InputLayout"));
        InputVolumeLabel = new QLabel(qSlicerSAM2LungModuleWidget);
        InputVolumeLabel->setObjectName(QString::fromUtf8("InputVolumeLabel"));

        InputLayout->setWidget(0, QFormLayout::LabelRole, InputVolumeLabel);

        InputVolumeComboBox = new qMRMLNodeComboBox(qSlicerSAM2LungModuleWidget);
        InputVolumeComboBox->setObjectName(QString::fromUtf8("InputVolumeComboBox"));
        InputVolumeComboBox->setNodeTypes(QStringList() << QString::fromUtf8("vtkMRMLScalarVolumeNode"));
        InputVolumeComboBox->setHideChildNodeTypes(QStringList() << QString::fromUtf8("vtkMRMLLabelMapVolumeNode") << QString::fromUtf8("vtkMRMLVectorVolumeNode") << QString::fromUtf8("vtkMRMLDiffusionWeightedVolumeNode"));
        InputVolumeComboBox->setNoneEnabled(true);
        InputVolumeComboBox->setAddEnabled(false);
        InputVolumeComboBox->setRemoveEnabled(false);
        InputVolumeComboBox->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);

        InputLayout->setWidget(0, QFormLayout::FieldRole, InputVolumeComboBox);


        PanelLayout->addLayout(InputLayout);

        SegmentNodulesButton = new QPushButton(qSlicerSAM2LungModuleWidget);
        SegmentNodulesButton->setObjectName(QString::fromUtf8("SegmentNodulesButton"));
        SegmentNodulesButton->setMinimumSize(QSize(0, 40));
        QFont font;
        font.setBold(true);
        SegmentNodulesButton->setFont(font);
        SegmentNodulesButton->setAutoDefault(true);

        PanelLayout->addWidget(SegmentNodulesButton);

        MessageWidget = new QWidget(qSlicerSAM2LungModuleWidget);
        MessageWidget->setObjectName(QString::fromUtf8("MessageWidget"));
        MessageLayout = new QHBoxLayout(MessageWidget);
        MessageLayout->setObjectName(QString::fromUtf8("MessageLayout"));
        MessageLayout->setContentsMargins(0, 0, 0, 0);
        MessageIconLabel = new QLabel(MessageWidget);
        MessageIconLabel->setObjectName(QString::fromUtf8("MessageIconLabel"));
        MessageIconLabel->setAlignment(Qt::AlignTop);

        MessageLayout->addWidget(MessageIconLabel);

        MessageLabel = new QLabel(MessageWidget);
        MessageLabel->setObjectName(QString::fromUtf8("MessageLabel"));
        MessageLabel->setWordWrap(true);
        MessageLabel->setTextInteractionFlags(Qt::TextSelectableByKeyboard|Qt::TextSelectableByMouse);

        MessageLayout->addWidget(MessageLabel);

        MessageLayout->setStretch(1, 1);

        PanelLayout->addWidget(MessageWidget);

        ProgressWidget = new QWidget(qSlicerSAM2LungModuleWidget);
        ProgressWidget->setObjectName(QString::fromUtf8("ProgressWidget"));
        ProgressLayout = new QGridLayout(ProgressWidget);
        ProgressLayout->setObjectName(QString::fromUtf8("ProgressLayout"));
        ProgressLayout->setContentsMargins(0, 0, 0, 0);
        ProgressBar = new QProgressBar(ProgressWidget);
        ProgressBar->setObjectName(QString::fromUtf8("ProgressBar"));
        ProgressBar->setMaximum(100);

        ProgressLayout->addWidget(ProgressBar, 0, 0, 1, 1);

        CancelButton = new QPushButton(ProgressWidget);
        CancelButton->setObjectName(QString::fromUtf8("CancelButton"));
        CancelButton->setAutoDefault(true);

        ProgressLayout->addWidget(CancelButton, 0, 1, 1, 1);

        StageLabel = new QLabel(ProgressWidget);
        StageLabel->setObjectName(QString::fromUtf8("StageLabel"));
        StageLabel->setWordWrap(true);

        ProgressLayout->addWidget(StageLabel, 1, 0, 1, 2);


        PanelLayout->addWidget(ProgressWidget);

        ResultLabel = new QLabel(qSlicerSAM2LungModuleWidget);
        ResultLabel->setObjectName(QString::fromUtf8("ResultLabel"));
        ResultLabel->setWordWrap(true);
        ResultLabel->setTextInteractionFlags(Qt::TextSelectableByKeyboard|Qt::TextSelectableByMouse);

        PanelLayout->addWidget(ResultLabel);

        WarningWidget = new QFrame(qSlicerSAM2LungModuleWidget);
        WarningWidget->setObjectName(QString::fromUtf8("WarningWidget"));
        WarningWidget->setStyleSheet(QString::fromUtf8("QFrame#WarningWidget { background: #fff3cd; border: 1px solid #b58900; }\n"
"QLabel { color: black; }"));
        WarningLayout = new QHBoxLayout(WarningWidget);
        WarningLayout->setObjectName(QString::fromUtf8("WarningLayout"));
        WarningLayout->setContentsMargins(4, 4, 4, 4);
        WarningIconLabel = new QLabel(WarningWidget);
        WarningIconLabel->setObjectName(QString::fromUtf8("WarningIconLabel"));
        WarningIconLabel->setAlignment(Qt::AlignTop);

        WarningLayout->addWidget(WarningIconLabel);

        WarningLabel = new QLabel(WarningWidget);
        WarningLabel->setObjectName(QString::fromUtf8("WarningLabel"));
        WarningLabel->setWordWrap(true);
        WarningLabel->setTextInteractionFlags(Qt::TextSelectableByKeyboard|Qt::TextSelectableByMouse);

        WarningLayout->addWidget(WarningLabel);

        WarningLayout->setStretch(1, 1);

        PanelLayout->addWidget(WarningWidget);

        NodulesTitleLabel = new QLabel(qSlicerSAM2LungModuleWidget);
        NodulesTitleLabel->setObjectName(QString::fromUtf8("NodulesTitleLabel"));
        NodulesTitleLabel->setTextFormat(Qt::PlainText);
        NodulesTitleLabel->setFont(font);
        NodulesTitleLabel->setWordWrap(true);

        PanelLayout->addWidget(NodulesTitleLabel);

        NoduleTable = new qSAM2LungNoduleTable(qSlicerSAM2LungModuleWidget);
        NoduleTable->setObjectName(QString::fromUtf8("NoduleTable"));
        QSizePolicy sizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
        sizePolicy.setHorizontalStretch(0);
        sizePolicy.setVerticalStretch(1);
        sizePolicy.setHeightForWidth(NoduleTable->sizePolicy().hasHeightForWidth());
        NoduleTable->setSizePolicy(sizePolicy);
        NoduleTable->setMinimumSize(QSize(0, 100));

        PanelLayout->addWidget(NoduleTable);

        NoduleDetailsLabel = new QLabel(qSlicerSAM2LungModuleWidget);
        NoduleDetailsLabel->setObjectName(QString::fromUtf8("NoduleDetailsLabel"));
        NoduleDetailsLabel->setWordWrap(true);
        NoduleDetailsLabel->setTextInteractionFlags(Qt::TextSelectableByKeyboard|Qt::TextSelectableByMouse);

        PanelLayout->addWidget(NoduleDetailsLabel);

        LegendLabel = new QLabel(qSlicerSAM2LungModuleWidget);
        LegendLabel->setObjectName(QString::fromUtf8("LegendLabel"));
        LegendLabel->setTextFormat(Qt::RichText);
        LegendLabel->setWordWrap(true);

        PanelLayout->addWidget(LegendLabel);

        OutlineAtPointButton = new QPushButton(qSlicerSAM2LungModuleWidget);
        OutlineAtPointButton->setObjectName(QString::fromUtf8("OutlineAtPointButton"));
        OutlineAtPointButton->setCheckable(true);
        OutlineAtPointButton->setAutoDefault(true);

        PanelLayout->addWidget(OutlineAtPointButton);

        OverlayLayout = new QHBoxLayout();
        OverlayLayout->setObjectName(QString::fromUtf8("OverlayLayout"));
        OverlayCheckBox = new QCheckBox(qSlicerSAM2LungModuleWidget);
        OverlayCheckBox->setObjectName(QString::fromUtf8("OverlayCheckBox"));

        OverlayLayout->addWidget(OverlayCheckBox);

        OverlayOpacitySlider = new ctkSliderWidget(qSlicerSAM2LungModuleWidget);
        OverlayOpacitySlider->setObjectName(QString::fromUtf8("OverlayOpacitySlider"));
        OverlayOpacitySlider->setDecimals(0);
        OverlayOpacitySlider->setMaximum(100.000000000000000);

        OverlayLayout->addWidget(OverlayOpacitySlider);


        PanelLayout->addLayout(OverlayLayout);

        OverlayLegendLayout = new QHBoxLayout();
        OverlayLegendLayout->setObjectName(QString::fromUtf8("OverlayLegendLayout"));
        OverlayLegendLowLabel = new QLabel(qSlicerSAM2LungModuleWidget);
        OverlayLegendLowLabel->setObjectName(QString::fromUtf8("OverlayLegendLowLabel"));

        OverlayLegendLayout->addWidget(OverlayLegendLowLabel);

        OverlayLegendLabel = new QLabel(qSlicerSAM2LungModuleWidget);
        OverlayLegendLabel->setObjectName(QString::fromUtf8("OverlayLegendLabel"));
        QSizePolicy sizePolicy1(QSizePolicy::Ignored, QSizePolicy::Fixed);
        sizePolicy1.setHorizontalStretch(1);
        sizePolicy1.setVerticalStretch(0);
        sizePolicy1.setHeightForWidth(OverlayLegendLabel->sizePolicy().hasHeightForWidth());
        OverlayLegendLabel->setSizePolicy(sizePolicy1);
        OverlayLegendLabel->setMaximumSize(QSize(16777215, 10));
        OverlayLegendLabel->setScaledContents(true);

        OverlayLegendLayout->addWidget(OverlayLegendLabel);

        OverlayLegendHighLabel = new QLabel(qSlicerSAM2LungModuleWidget);
        OverlayLegendHighLabel->setObjectName(QString::fromUtf8("OverlayLegendHighLabel"));

        OverlayLegendLayout->addWidget(OverlayLegendHighLabel);

        OverlayLegendLayout->setStretch(1, 1);

        PanelLayout->addLayout(OverlayLegendLayout);

        AdvancedCollapsibleButton = new ctkCollapsibleButton(qSlicerSAM2LungModuleWidget);
        AdvancedCollapsibleButton->setObjectName(QString::fromUtf8("AdvancedCollapsibleButton"));
        AdvancedCollapsibleButton->setCollapsed(true);
        AdvancedLayout = new QFormLayout(AdvancedCollapsibleButton);
        AdvancedLayout->setObjectName(QString::fromUtf8("AdvancedLayout"));
        AdvancedLayout->setRowWrapPolicy(QFormLayout::WrapLongRows);
        AdvancedLayout->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
        SamplesSpinBoxLabel = new QLabel(AdvancedCollapsibleButton);
        SamplesSpinBoxLabel->setObjectName(QString::fromUtf8("SamplesSpinBoxLabel"));

        AdvancedLayout->setWidget(0, QFormLayout::LabelRole, SamplesSpinBoxLabel);

        SamplesSpinBox = new QSpinBox(AdvancedCollapsibleButton);
        SamplesSpinBox->setObjectName(QString::fromUtf8("SamplesSpinBox"));
        SamplesSpinBox->setMaximum(1000);

        AdvancedLayout->setWidget(0, QFormLayout::FieldRole, SamplesSpinBox);

        SeedSpinBoxLabel = new QLabel(AdvancedCollapsibleButton);
        SeedSpinBoxLabel->setObjectName(QString::fromUtf8("SeedSpinBoxLabel"));

        AdvancedLayout->setWidget(1, QFormLayout::LabelRole, SeedSpinBoxLabel);

        SeedSpinBox = new QSpinBox(AdvancedCollapsibleButton);
        SeedSpinBox->setObjectName(QString::fromUtf8("SeedSpinBox"));
        SeedSpinBox->setMaximum(2147483647);

        AdvancedLayout->setWidget(1, QFormLayout::FieldRole, SeedSpinBox);

        DeviceComboBoxLabel = new QLabel(AdvancedCollapsibleButton);
        DeviceComboBoxLabel->setObjectName(QString::fromUtf8("DeviceComboBoxLabel"));

        AdvancedLayout->setWidget(2, QFormLayout::LabelRole, DeviceComboBoxLabel);

        DeviceComboBox = new QComboBox(AdvancedCollapsibleButton);
        DeviceComboBox->setObjectName(QString::fromUtf8("DeviceComboBox"));
        DeviceComboBox->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);

        AdvancedLayout->setWidget(2, QFormLayout::FieldRole, DeviceComboBox);

        DeviceReportTextLabel = new QLabel(AdvancedCollapsibleButton);
        DeviceReportTextLabel->setObjectName(QString::fromUtf8("DeviceReportTextLabel"));

        AdvancedLayout->setWidget(3, QFormLayout::LabelRole, DeviceReportTextLabel);

        DeviceReportText = new QPlainTextEdit(AdvancedCollapsibleButton);
        DeviceReportText->setObjectName(QString::fromUtf8("DeviceReportText"));
        QSizePolicy sizePolicy2(QSizePolicy::Ignored, QSizePolicy::Fixed);
        sizePolicy2.setHorizontalStretch(0);
        sizePolicy2.setVerticalStretch(0);
        sizePolicy2.setHeightForWidth(DeviceReportText->sizePolicy().hasHeightForWidth());
        DeviceReportText->setSizePolicy(sizePolicy2);
        DeviceReportText->setMaximumSize(QSize(16777215, 90));
        DeviceReportText->setTabChangesFocus(true);
        DeviceReportText->setReadOnly(true);

        AdvancedLayout->setWidget(3, QFormLayout::FieldRole, DeviceReportText);

        ThresholdSpinBoxLabel = new QLabel(AdvancedCollapsibleButton);
        ThresholdSpinBoxLabel->setObjectName(QString::fromUtf8("ThresholdSpinBoxLabel"));

        AdvancedLayout->setWidget(4, QFormLayout::LabelRole, ThresholdSpinBoxLabel);

        ThresholdSpinBox = new QDoubleSpinBox(AdvancedCollapsibleButton);
        ThresholdSpinBox->setObjectName(QString::fromUtf8("ThresholdSpinBox"));
        ThresholdSpinBox->setDecimals(2);
        ThresholdSpinBox->setMaximum(1.000000000000000);
        ThresholdSpinBox->setSingleStep(0.050000000000000);

        AdvancedLayout->setWidget(4, QFormLayout::FieldRole, ThresholdSpinBox);

        SensitivitySpinBoxLabel = new QLabel(AdvancedCollapsibleButton);
        SensitivitySpinBoxLabel->setObjectName(QString::fromUtf8("SensitivitySpinBoxLabel"));

        AdvancedLayout->setWidget(5, QFormLayout::LabelRole, SensitivitySpinBoxLabel);

        SensitivitySpinBox = new QDoubleSpinBox(AdvancedCollapsibleButton);
        SensitivitySpinBox->setObjectName(QString::fromUtf8("SensitivitySpinBox"));
        SensitivitySpinBox->setDecimals(2);
        SensitivitySpinBox->setMaximum(1.000000000000000);
        SensitivitySpinBox->setSingleStep(0.050000000000000);

        AdvancedLayout->setWidget(5, QFormLayout::FieldRole, SensitivitySpinBox);

        SearchComboBoxLabel = new QLabel(AdvancedCollapsibleButton);
        SearchComboBoxLabel->setObjectName(QString::fromUtf8("SearchComboBoxLabel"));

        AdvancedLayout->setWidget(6, QFormLayout::LabelRole, SearchComboBoxLabel);

        SearchComboBox = new QComboBox(AdvancedCollapsibleButton);
        SearchComboBox->setObjectName(QString::fromUtf8("SearchComboBox"));
        SearchComboBox->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);

        AdvancedLayout->setWidget(6, QFormLayout::FieldRole, SearchComboBox);

        LungMaskSelectorLabel = new QLabel(AdvancedCollapsibleButton);
        LungMaskSelectorLabel->setObjectName(QString::fromUtf8("LungMaskSelectorLabel"));

        AdvancedLayout->setWidget(7, QFormLayout::LabelRole, LungMaskSelectorLabel);

        LungMaskSelector = new qMRMLSegmentSelectorWidget(AdvancedCollapsibleButton);
        LungMaskSelector->setObjectName(QString::fromUtf8("LungMaskSelector"));
        LungMaskSelector->setNoneEnabled(true);

        AdvancedLayout->setWidget(7, QFormLayout::FieldRole, LungMaskSelector);

        UncertaintyComboBoxLabel = new QLabel(AdvancedCollapsibleButton);
        UncertaintyComboBoxLabel->setObjectName(QString::fromUtf8("UncertaintyComboBoxLabel"));

        AdvancedLayout->setWidget(8, QFormLayout::LabelRole, UncertaintyComboBoxLabel);

        UncertaintyComboBox = new QComboBox(AdvancedCollapsibleButton);
        UncertaintyComboBox->setObjectName(QString::fromUtf8("UncertaintyComboBox"));
        UncertaintyComboBox->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);

        AdvancedLayout->setWidget(8, QFormLayout::FieldRole, UncertaintyComboBox);

        ModelFolderPathLineEditLabel = new QLabel(AdvancedCollapsibleButton);
        ModelFolderPathLineEditLabel->setObjectName(QString::fromUtf8("ModelFolderPathLineEditLabel"));

        AdvancedLayout->setWidget(9, QFormLayout::LabelRole, ModelFolderPathLineEditLabel);

        ModelFolderPathLineEdit = new ctkPathLineEdit(AdvancedCollapsibleButton);
        ModelFolderPathLineEdit->setObjectName(QString::fromUtf8("ModelFolderPathLineEdit"));
        ModelFolderPathLineEdit->setFilters(ctkPathLineEdit::Dirs|ctkPathLineEdit::Readable);
        ModelFolderPathLineEdit->setSettingKey(QString::fromUtf8("SAM2LungModelFolder"));

        AdvancedLayout->setWidget(9, QFormLayout::FieldRole, ModelFolderPathLineEdit);

        UncertaintyEverywhereCheckBox = new QCheckBox(AdvancedCollapsibleButton);
        UncertaintyEverywhereCheckBox->setObjectName(QString::fromUtf8("UncertaintyEverywhereCheckBox"));

        AdvancedLayout->setWidget(10, QFormLayout::SpanningRole, UncertaintyEverywhereCheckBox);

        WriteProbabilityCheckBox = new QCheckBox(AdvancedCollapsibleButton);
        WriteProbabilityCheckBox->setObjectName(QString::fromUtf8("WriteProbabilityCheckBox"));

        AdvancedLayout->setWidget(11, QFormLayout::SpanningRole, WriteProbabilityCheckBox);

        ZoomToNoduleCheckBox = new QCheckBox(AdvancedCollapsibleButton);
        ZoomToNoduleCheckBox->setObjectName(QString::fromUtf8("ZoomToNoduleCheckBox"));

        AdvancedLayout->setWidget(12, QFormLayout::SpanningRole, ZoomToNoduleCheckBox);

        LungWindowCheckBox = new QCheckBox(AdvancedCollapsibleButton);
        LungWindowCheckBox->setObjectName(QString::fromUtf8("LungWindowCheckBox"));

        AdvancedLayout->setWidget(13, QFormLayout::SpanningRole, LungWindowCheckBox);

        SegmentationComboBoxLabel = new QLabel(AdvancedCollapsibleButton);
        SegmentationComboBoxLabel->setObjectName(QString::fromUtf8("SegmentationComboBoxLabel"));

        AdvancedLayout->setWidget(14, QFormLayout::LabelRole, SegmentationComboBoxLabel);

        SegmentationComboBox = new qMRMLNodeComboBox(AdvancedCollapsibleButton);
        SegmentationComboBox->setObjectName(QString::fromUtf8("SegmentationComboBox"));
        SegmentationComboBox->setNodeTypes(QStringList() << QString::fromUtf8("vtkMRMLSegmentationNode"));
        SegmentationComboBox->setNoneEnabled(true);
        SegmentationComboBox->setAddEnabled(true);
        SegmentationComboBox->setRemoveEnabled(false);
        SegmentationComboBox->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);

        AdvancedLayout->setWidget(14, QFormLayout::FieldRole, SegmentationComboBox);

        LabelMapComboBoxLabel = new QLabel(AdvancedCollapsibleButton);
        LabelMapComboBoxLabel->setObjectName(QString::fromUtf8("LabelMapComboBoxLabel"));

        AdvancedLayout->setWidget(15, QFormLayout::LabelRole, LabelMapComboBoxLabel);

        LabelMapComboBox = new qMRMLNodeComboBox(AdvancedCollapsibleButton);
        LabelMapComboBox->setObjectName(QString::fromUtf8("LabelMapComboBox"));
        LabelMapComboBox->setNodeTypes(QStringList() << QString::fromUtf8("vtkMRMLLabelMapVolumeNode"));
        LabelMapComboBox->setNoneEnabled(true);
        LabelMapComboBox->setAddEnabled(true);
        LabelMapComboBox->setRemoveEnabled(false);
        LabelMapComboBox->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);

        AdvancedLayout->setWidget(15, QFormLayout::FieldRole, LabelMapComboBox);

        UncertaintyVolumeComboBoxLabel = new QLabel(AdvancedCollapsibleButton);
        UncertaintyVolumeComboBoxLabel->setObjectName(QString::fromUtf8("UncertaintyVolumeComboBoxLabel"));

        AdvancedLayout->setWidget(16, QFormLayout::LabelRole, UncertaintyVolumeComboBoxLabel);

        UncertaintyVolumeComboBox = new qMRMLNodeComboBox(AdvancedCollapsibleButton);
        UncertaintyVolumeComboBox->setObjectName(QString::fromUtf8("UncertaintyVolumeComboBox"));
        UncertaintyVolumeComboBox->setNodeTypes(QStringList() << QString::fromUtf8("vtkMRMLScalarVolumeNode"));
        UncertaintyVolumeComboBox->setHideChildNodeTypes(QStringList() << QString::fromUtf8("vtkMRMLLabelMapVolumeNode") << QString::fromUtf8("vtkMRMLVectorVolumeNode"));
        UncertaintyVolumeComboBox->setNoneEnabled(true);
        UncertaintyVolumeComboBox->setAddEnabled(true);
        UncertaintyVolumeComboBox->setRemoveEnabled(false);
        UncertaintyVolumeComboBox->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);

        AdvancedLayout->setWidget(16, QFormLayout::FieldRole, UncertaintyVolumeComboBox);

        ProbabilityVolumeComboBoxLabel = new QLabel(AdvancedCollapsibleButton);
        ProbabilityVolumeComboBoxLabel->setObjectName(QString::fromUtf8("ProbabilityVolumeComboBoxLabel"));

        AdvancedLayout->setWidget(17, QFormLayout::LabelRole, ProbabilityVolumeComboBoxLabel);

        ProbabilityVolumeComboBox = new qMRMLNodeComboBox(AdvancedCollapsibleButton);
        ProbabilityVolumeComboBox->setObjectName(QString::fromUtf8("ProbabilityVolumeComboBox"));
        ProbabilityVolumeComboBox->setNodeTypes(QStringList() << QString::fromUtf8("vtkMRMLScalarVolumeNode"));
        ProbabilityVolumeComboBox->setHideChildNodeTypes(QStringList() << QString::fromUtf8("vtkMRMLLabelMapVolumeNode") << QString::fromUtf8("vtkMRMLVectorVolumeNode"));
        ProbabilityVolumeComboBox->setNoneEnabled(true);
        ProbabilityVolumeComboBox->setAddEnabled(true);
        ProbabilityVolumeComboBox->setRemoveEnabled(false);
        ProbabilityVolumeComboBox->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);

        AdvancedLayout->setWidget(17, QFormLayout::FieldRole, ProbabilityVolumeComboBox);

        NoduleTableComboBoxLabel = new QLabel(AdvancedCollapsibleButton);
        NoduleTableComboBoxLabel->setObjectName(QString::fromUtf8("NoduleTableComboBoxLabel"));

        AdvancedLayout->setWidget(18, QFormLayout::LabelRole, NoduleTableComboBoxLabel);

        NoduleTableComboBox = new qMRMLNodeComboBox(AdvancedCollapsibleButton);
        NoduleTableComboBox->setObjectName(QString::fromUtf8("NoduleTableComboBox"));
        NoduleTableComboBox->setNodeTypes(QStringList() << QString::fromUtf8("vtkMRMLTableNode"));
        NoduleTableComboBox->setNoneEnabled(true);
        NoduleTableComboBox->setAddEnabled(true);
        NoduleTableComboBox->setRemoveEnabled(false);
        NoduleTableComboBox->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);

        AdvancedLayout->setWidget(18, QFormLayout::FieldRole, NoduleTableComboBox);

        NodulePointsComboBoxLabel = new QLabel(AdvancedCollapsibleButton);
        NodulePointsComboBoxLabel->setObjectName(QString::fromUtf8("NodulePointsComboBoxLabel"));

        AdvancedLayout->setWidget(19, QFormLayout::LabelRole, NodulePointsComboBoxLabel);

        NodulePointsComboBox = new qMRMLNodeComboBox(AdvancedCollapsibleButton);
        NodulePointsComboBox->setObjectName(QString::fromUtf8("NodulePointsComboBox"));
        NodulePointsComboBox->setNodeTypes(QStringList() << QString::fromUtf8("vtkMRMLMarkupsFiducialNode"));
        NodulePointsComboBox->setNoneEnabled(true);
        NodulePointsComboBox->setAddEnabled(true);
        NodulePointsComboBox->setRemoveEnabled(false);
        NodulePointsComboBox->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);

        AdvancedLayout->setWidget(19, QFormLayout::FieldRole, NodulePointsComboBox);


        PanelLayout->addWidget(AdvancedCollapsibleButton);

        ResearchUseLabel = new QLabel(qSlicerSAM2LungModuleWidget);
        ResearchUseLabel->setObjectName(QString::fromUtf8("ResearchUseLabel"));
        ResearchUseLabel->setWordWrap(true);

        PanelLayout->addWidget(ResearchUseLabel);


        RootLayout->addLayout(PanelLayout);

#if QT_CONFIG(shortcut)
        InputVolumeLabel->setBuddy(InputVolumeComboBox);
        SamplesSpinBoxLabel->setBuddy(SamplesSpinBox);
        SeedSpinBoxLabel->setBuddy(SeedSpinBox);
        DeviceComboBoxLabel->setBuddy(DeviceComboBox);
        ThresholdSpinBoxLabel->setBuddy(ThresholdSpinBox);
        SensitivitySpinBoxLabel->setBuddy(SensitivitySpinBox);
        SearchComboBoxLabel->setBuddy(SearchComboBox);
        UncertaintyComboBoxLabel->setBuddy(UncertaintyComboBox);
        ModelFolderPathLineEditLabel->setBuddy(ModelFolderPathLineEdit);
#endif // QT_CONFIG(shortcut)
        QWidget::setTabOrder(InputVolumeComboBox, SegmentNodulesButton);
        QWidget::setTabOrder(SegmentNodulesButton, CancelButton);
        QWidget::setTabOrder(CancelButton, NoduleTable);
        QWidget::setTabOrder(NoduleTable, OutlineAtPointButton);
        QWidget::setTabOrder(OutlineAtPointButton, OverlayCheckBox);
        QWidget::setTabOrder(OverlayCheckBox, OverlayOpacitySlider);
        QWidget::setTabOrder(OverlayOpacitySlider, AdvancedCollapsibleButton);
        QWidget::setTabOrder(AdvancedCollapsibleButton, SamplesSpinBox);
        QWidget::setTabOrder(SamplesSpinBox, SeedSpinBox);
        QWidget::setTabOrder(SeedSpinBox, DeviceComboBox);
        QWidget::setTabOrder(DeviceComboBox, ThresholdSpinBox);
        QWidget::setTabOrder(ThresholdSpinBox, SensitivitySpinBox);
        QWidget::setTabOrder(SensitivitySpinBox, SearchComboBox);
        QWidget::setTabOrder(SearchComboBox, LungMaskSelector);
        QWidget::setTabOrder(LungMaskSelector, UncertaintyComboBox);
        QWidget::setTabOrder(UncertaintyComboBox, ModelFolderPathLineEdit);
        QWidget::setTabOrder(ModelFolderPathLineEdit, WriteProbabilityCheckBox);

        retranslateUi(qSlicerSAM2LungModuleWidget);
        QObject::connect(qSlicerSAM2LungModuleWidget, SIGNAL(mrmlSceneChanged(vtkMRMLScene*)), InputVolumeComboBox, SLOT(setMRMLScene(vtkMRMLScene*)));
        QObject::connect(qSlicerSAM2LungModuleWidget, SIGNAL(mrmlSceneChanged(vtkMRMLScene*)), SegmentationComboBox, SLOT(setMRMLScene(vtkMRMLScene*)));
        QObject::connect(qSlicerSAM2LungModuleWidget, SIGNAL(mrmlSceneChanged(vtkMRMLScene*)), LabelMapComboBox, SLOT(setMRMLScene(vtkMRMLScene*)));
        QObject::connect(qSlicerSAM2LungModuleWidget, SIGNAL(mrmlSceneChanged(vtkMRMLScene*)), UncertaintyVolumeComboBox, SLOT(setMRMLScene(vtkMRMLScene*)));
        QObject::connect(qSlicerSAM2LungModuleWidget, SIGNAL(mrmlSceneChanged(vtkMRMLScene*)), ProbabilityVolumeComboBox, SLOT(setMRMLScene(vtkMRMLScene*)));
        QObject::connect(qSlicerSAM2LungModuleWidget, SIGNAL(mrmlSceneChanged(vtkMRMLScene*)), NoduleTableComboBox, SLOT(setMRMLScene(vtkMRMLScene*)));
        QObject::connect(qSlicerSAM2LungModuleWidget, SIGNAL(mrmlSceneChanged(vtkMRMLScene*)), NodulePointsComboBox, SLOT(setMRMLScene(vtkMRMLScene*)));
        QObject::connect(qSlicerSAM2LungModuleWidget, SIGNAL(mrmlSceneChanged(vtkMRMLScene*)), LungMaskSelector, SLOT(setMRMLScene(vtkMRMLScene*)));

        SegmentNodulesButton->setDefault(true);


        QMetaObject::connectSlotsByName(qSlicerSAM2LungModuleWidget);
    } // setupUi

    void retranslateUi(qSlicerWidget *qSlicerSAM2LungModuleWidget)
    {
        qSlicerSAM2LungModuleWidget->setWindowTitle(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Segment nodules", nullptr));
        InputVolumeLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "&CT:", nullptr));
#if QT_CONFIG(tooltip)
        InputVolumeComboBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Chest CT in Hounsfield units", nullptr));
#endif // QT_CONFIG(tooltip)
        InputVolumeComboBox->setNoneDisplay(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Choose a CT", nullptr));
        SegmentNodulesButton->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "&Segment nodules", nullptr));
#if QT_CONFIG(accessibility)
        ProgressBar->setAccessibleName(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Progress", nullptr));
#endif // QT_CONFIG(accessibility)
#if QT_CONFIG(tooltip)
        CancelButton->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Ends the run; nothing of it is kept (Esc)", nullptr));
#endif // QT_CONFIG(tooltip)
        CancelButton->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "C&ancel", nullptr));
#if QT_CONFIG(accessibility)
        WarningLabel->setAccessibleName(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Warnings about this result", nullptr));
#endif // QT_CONFIG(accessibility)
#if QT_CONFIG(tooltip)
        LegendLabel->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Colours of the outlines in slice views and of the surfaces in 3-D", nullptr));
#endif // QT_CONFIG(tooltip)
        OutlineAtPointButton->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Outline at &point", nullptr));
#if QT_CONFIG(tooltip)
        OverlayCheckBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Lays the uncertainty over the CT in slice views", nullptr));
#endif // QT_CONFIG(tooltip)
        OverlayCheckBox->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "&Uncertainty", nullptr));
#if QT_CONFIG(accessibility)
        OverlayOpacitySlider->setAccessibleName(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Opacity of the uncertainty", nullptr));
#endif // QT_CONFIG(accessibility)
        OverlayOpacitySlider->setSuffix(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", " %", nullptr));
        OverlayLegendLowLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "little doubt", nullptr));
#if QT_CONFIG(tooltip)
        OverlayLegendLabel->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Colours of the uncertainty over the CT; where there is hardly any doubt, nothing is shown", nullptr));
#endif // QT_CONFIG(tooltip)
        OverlayLegendHighLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "much doubt", nullptr));
        AdvancedCollapsibleButton->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Advanced", nullptr));
        SamplesSpinBoxLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Sa&mples:", nullptr));
#if QT_CONFIG(tooltip)
        SamplesSpinBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "How often the network is run, each time with some of its channels switched off; automatic: as the model was set up", nullptr));
#endif // QT_CONFIG(tooltip)
        SamplesSpinBox->setSpecialValueText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "automatic", nullptr));
        SeedSpinBoxLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "S&eed:", nullptr));
#if QT_CONFIG(tooltip)
        SeedSpinBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "The same seed gives the same result on a CPU", nullptr));
#endif // QT_CONFIG(tooltip)
        DeviceComboBoxLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "&Device:", nullptr));
#if QT_CONFIG(tooltip)
        DeviceComboBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Where the network runs", nullptr));
#endif // QT_CONFIG(tooltip)
        DeviceReportTextLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Found:", nullptr));
#if QT_CONFIG(accessibility)
        DeviceReportText->setAccessibleName(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Devices that were found", nullptr));
#endif // QT_CONFIG(accessibility)
        ThresholdSpinBoxLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "&Threshold:", nullptr));
#if QT_CONFIG(tooltip)
        ThresholdSpinBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Probability above which a voxel belongs to a nodule; automatic: as the model was set up", nullptr));
#endif // QT_CONFIG(tooltip)
        ThresholdSpinBox->setSpecialValueText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "automatic", nullptr));
        SensitivitySpinBoxLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Se&nsitivity:", nullptr));
#if QT_CONFIG(tooltip)
        SensitivitySpinBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Share of true nodules to keep when doubtful findings are sorted out; automatic: as the model was set up", nullptr));
#endif // QT_CONFIG(tooltip)
        SensitivitySpinBox->setSpecialValueText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "automatic", nullptr));
        SearchComboBoxLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Sea&rch:", nullptr));
#if QT_CONFIG(tooltip)
        SearchComboBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Where nodules are looked for", nullptr));
#endif // QT_CONFIG(tooltip)
        LungMaskSelectorLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Segment:", nullptr));
#if QT_CONFIG(tooltip)
        LungMaskSelector->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Segment in which nodules are looked for", nullptr));
#endif // QT_CONFIG(tooltip)
        UncertaintyComboBoxLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Uncertaint&y:", nullptr));
#if QT_CONFIG(tooltip)
        UncertaintyComboBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Kind of doubt that the uncertainty volume shows", nullptr));
#endif // QT_CONFIG(tooltip)
        ModelFolderPathLineEditLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "&Model folder:", nullptr));
#if QT_CONFIG(tooltip)
        ModelFolderPathLineEdit->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Folder with model.json; empty: the model that is built in", nullptr));
#endif // QT_CONFIG(tooltip)
#if QT_CONFIG(tooltip)
        UncertaintyEverywhereCheckBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "From the next run on; else it is kept within 10 mm of the nodules, since vessels and the gullet raise doubt, too", nullptr));
#endif // QT_CONFIG(tooltip)
        UncertaintyEverywhereCheckBox->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Uncertainty in the whole CT", nullptr));
#if QT_CONFIG(tooltip)
        WriteProbabilityCheckBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "A volume with the probability of each voxel", nullptr));
#endif // QT_CONFIG(tooltip)
        WriteProbabilityCheckBox->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Write the pro&bability, too", nullptr));
#if QT_CONFIG(tooltip)
        ZoomToNoduleCheckBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "A row shows 60 mm around its nodule in slice views; else views keep their zoom", nullptr));
#endif // QT_CONFIG(tooltip)
        ZoomToNoduleCheckBox->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Rows &zoom to the nodule", nullptr));
#if QT_CONFIG(tooltip)
        LungWindowCheckBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "A row shows the CT from -1350 to 150 HU; else it keeps its window", nullptr));
#endif // QT_CONFIG(tooltip)
        LungWindowCheckBox->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Rows set a &lung window", nullptr));
        SegmentationComboBoxLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Segmentation:", nullptr));
#if QT_CONFIG(tooltip)
        SegmentationComboBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "A segment a nodule; overwritten when chosen", nullptr));
#endif // QT_CONFIG(tooltip)
        SegmentationComboBox->setNoneDisplay(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Created by the run", nullptr));
        LabelMapComboBoxLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Label map:", nullptr));
#if QT_CONFIG(tooltip)
        LabelMapComboBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Numbers of the nodules; overwritten when chosen", nullptr));
#endif // QT_CONFIG(tooltip)
        LabelMapComboBox->setNoneDisplay(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Created by the run", nullptr));
        UncertaintyVolumeComboBoxLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Uncertainty map:", nullptr));
#if QT_CONFIG(tooltip)
        UncertaintyVolumeComboBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Overwritten when chosen", nullptr));
#endif // QT_CONFIG(tooltip)
        UncertaintyVolumeComboBox->setNoneDisplay(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Created by the run", nullptr));
        ProbabilityVolumeComboBoxLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Probability map:", nullptr));
#if QT_CONFIG(tooltip)
        ProbabilityVolumeComboBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Overwritten when chosen", nullptr));
#endif // QT_CONFIG(tooltip)
        ProbabilityVolumeComboBox->setNoneDisplay(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Created by the run", nullptr));
        NoduleTableComboBoxLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Table:", nullptr));
#if QT_CONFIG(tooltip)
        NoduleTableComboBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "A row a nodule; overwritten when chosen", nullptr));
#endif // QT_CONFIG(tooltip)
        NoduleTableComboBox->setNoneDisplay(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Created by the run", nullptr));
        NodulePointsComboBoxLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Points:", nullptr));
#if QT_CONFIG(tooltip)
        NodulePointsComboBox->setToolTip(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "A point a nodule; overwritten when chosen", nullptr));
#endif // QT_CONFIG(tooltip)
        NodulePointsComboBox->setNoneDisplay(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Created by the run", nullptr));
        ResearchUseLabel->setText(QCoreApplication::translate("qSlicerSAM2LungModuleWidget", "Research use only. Not a medical device.", nullptr));
    } // retranslateUi

};

namespace Ui {
    class qSlicerSAM2LungModuleWidget: public Ui_qSlicerSAM2LungModuleWidget {};
} // namespace Ui

QT_END_NAMESPACE

#endif // QSLICERSAM2LUNGMODULEWIDGET_H
