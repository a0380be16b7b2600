/****************************************************************************
** Meta object code from reading C++ file 'qSlicerSAM2LungModuleWidget.h'
**
** Created by: The Qt Meta Object Compiler version 67 (Qt 5.15.8)
**
** WARNING! All changes made in this file will be lost!
*****************************************************************************/

#include <memory>
#include "../qSlicerSAM2LungModuleWidget.h"
#include <QtCore/qbytearray.h>
#include <QtCore/qmetatype.h>
#if !defined(Q_MOC_OUTPUT_REVISION)
#error "The header file 'qSlicerSAM2LungModuleWidget.h' doesn't include <QObject>."
#elif Q_MOC_OUTPUT_REVISION != 67
#error "This file was generated using the moc from 5.15.8. It"
#error "cannot be used with the include files from this version of Qt."
#error "(The moc has changed too much.)"
#endif

QT_BEGIN_MOC_NAMESPACE
QT_WARNING_PUSH
QT_WARNING_DISABLE_DEPRECATED
struct qt_meta_stringdata_qSlicerSAM2LungModuleWidget_t {
    QByteArrayData data[38];
    char stringdata0[479];
};
#define QT_MOC_LITERAL(idx, ofs, len) \
    Q_STATIC_BYTE_ARRAY_DATA_HEADER_INITIALIZER_WITH_OFFSET(len, \
    qptrdiff(offsetof(qt_meta_stringdata_qSlicerSAM2LungModuleWidget_t, stringdata0) + ofs \
        - idx * sizeof(QByteArrayData)) \
    )
static const qt_meta_stringdata_qSlicerSAM2LungModuleWidget_t qt_meta_stringdata_qSlicerSAM2LungModuleWidget = {
    {
QT_MOC_LITERAL(0, 0, 27), // "qSlicerSAM2LungModuleWidget"
QT_MOC_LITERAL(1, 28, 12), // "setMRMLScene"
QT_MOC_LITERAL(2, 41, 0), // ""
QT_MOC_LITERAL(3, 42, 13), // "vtkMRMLScene*"
QT_MOC_LITERAL(4, 56, 5), // "scene"
QT_MOC_LITERAL(5, 62, 17), // "setParametersNode"
QT_MOC_LITERAL(6, 80, 30), // "vtkMRMLSAM2LungParametersNode*"
QT_MOC_LITERAL(7, 111, 4), // "node"
QT_MOC_LITERAL(8, 116, 8), // "chooseCT"
QT_MOC_LITERAL(9, 125, 12), // "vtkMRMLNode*"
QT_MOC_LITERAL(10, 138, 2), // "ct"
QT_MOC_LITERAL(11, 141, 11), // "preselectCT"
QT_MOC_LITERAL(12, 153, 20), // "schedulePreselection"
QT_MOC_LITERAL(13, 174, 11), // "onNodeAdded"
QT_MOC_LITERAL(14, 186, 10), // "vtkObject*"
QT_MOC_LITERAL(15, 197, 13), // "onNodeRemoved"
QT_MOC_LITERAL(16, 211, 16), // "onOrphansRemoved"
QT_MOC_LITERAL(17, 228, 11), // "followViews"
QT_MOC_LITERAL(18, 240, 17), // "scheduleFollowing"
QT_MOC_LITERAL(19, 258, 13), // "onSceneClosed"
QT_MOC_LITERAL(20, 272, 14), // "segmentNodules"
QT_MOC_LITERAL(21, 287, 14), // "outlineAtPoint"
QT_MOC_LITERAL(22, 302, 1), // "r"
QT_MOC_LITERAL(23, 304, 1), // "a"
QT_MOC_LITERAL(24, 306, 1), // "s"
QT_MOC_LITERAL(25, 308, 10), // "setPlacing"
QT_MOC_LITERAL(26, 319, 7), // "placing"
QT_MOC_LITERAL(27, 327, 6), // "cancel"
QT_MOC_LITERAL(28, 334, 12), // "onRunStarted"
QT_MOC_LITERAL(29, 347, 13), // "onRunFinished"
QT_MOC_LITERAL(30, 361, 17), // "setOverlayVisible"
QT_MOC_LITERAL(31, 379, 7), // "visible"
QT_MOC_LITERAL(32, 387, 17), // "setOverlayOpacity"
QT_MOC_LITERAL(33, 405, 7), // "percent"
QT_MOC_LITERAL(34, 413, 19), // "onAdvancedCollapsed"
QT_MOC_LITERAL(35, 433, 9), // "collapsed"
QT_MOC_LITERAL(36, 443, 14), // "updateProgress"
QT_MOC_LITERAL(37, 458, 20) // "updateWidgetFromMRML"

    },
    "qSlicerSAM2LungModuleWidget\0setMRMLScene\0"
    "\0vtkMRMLScene*\0scene\0setParametersNode\0"
    "vtkMRMLSAM2LungParametersNode*\0node\0"
    "chooseCT\0vtkMRMLNode*\0ct\0preselectCT\0"
    "schedulePreselection\0onNodeAdded\0"
    "vtkObject*\0onNodeRemoved\0onOrphansRemoved\0"
    "followViews\0scheduleFollowing\0"
    "onSceneClosed\0segmentNodules\0"
    "outlineAtPoint\0r\0a\0s\0setPlacing\0placing\0"
    "cancel\0onRunStarted\0onRunFinished\0"
    "setOverlayVisible\0visible\0setOverlayOpacity\0"
    "percent\0onAdvancedCollapsed\0collapsed\0"
    "updateProgress\0updateWidgetFromMRML"
};
#undef QT_MOC_LITERAL

static const uint qt_meta_data_qSlicerSAM2LungModuleWidget[] = {

 // content:
       8,       // revision
       0,       // classname
       0,    0, // classinfo
      22,   14, // methods
       0,    0, // properties
       0,    0, // enums/sets
       0,    0, // constructors
       0,       // flags
       0,       // signalCount

 // slots: name, argc, parameters, tag, flags
       1,    1,  124,    2, 0x0a /* Public */,
       5,    1,  127,    2, 0x0a /* Public */,
       8,    1,  130,    2, 0x09 /* Protected */,
      11,    0,  133,    2, 0x09 /* Protected */,
      12,    0,  134,    2, 0x09 /* Protected */,
      13,    2,  135,    2, 0x09 /* Protected */,
      15,    2,  140,    2, 0x09 /* Protected */,
      16,    0,  145,    2, 0x09 /* Protected */,
      17,    0,  146,    2, 0x09 /* Protected */,
      18,    0,  147,    2, 0x09 /* Protected */,
      19,    0,  148,    2, 0x09 /* Protected */,
      20,    0,  149,    2, 0x09 /* Protected */,
      21,    3,  150,    2, 0x09 /* Protected */,
      25,    1,  157,    2, 0x09 /* Protected */,
      27,    0,  160,    2, 0x09 /* Protected */,
      28,    0,  161,    2, 0x09 /* Protected */,
      29,    0,  162,    2, 0x09 /* Protected */,
      30,    1,  163,    2, 0x09 /* Protected */,
      32,    1,  166,    2, 0x09 /* Protected */,
      34,    1,  169,    2, 0x09 /* Protected */,
      36,    0,  172,    2, 0x09 /* Protected */,
      37,    0,  173,    2, 0x09 /* Protected */,

 // slots: parameters
    QMetaType::Void, 0x80000000 | 3,    4,
    QMetaType::Void, 0x80000000 | 6,    7,
    QMetaType::Void, 0x80000000 | 9,   10,
    QMetaType::Void,
    QMetaType::Void,
    QMetaType::Void, 0x80000000 | 14, 0x80000000 | 14,    4,    7,
    QMetaType::Void, 0x80000000 | 14, 0x80000000 | 14,    4,    7,
    QMetaType::Void,
    QMetaType::Void,
    QMetaType::Void,
    QMetaType::Void,
    QMetaType::Void,
    QMetaType::Void, QMetaType::Double, QMetaType::Double, QMetaType::Double,   22,   23,   24,
    QMetaType::Void, QMetaType::Bool,   26,
    QMetaType::Void,
    QMetaType::Void,
    QMetaType::Void,
    QMetaType::Void, QMetaType::Bool,   31,
    QMetaType::Void, QMetaType::Double,   33,
    QMetaType::Void, QMetaType::Bool,   35,
    QMetaType::Void,
    QMetaType::Void,

       0        // eod
};

void qSlicerSAM2LungModuleWidget::qt_static_metacall(QObject *_o, QMetaObject::Call _c, int _id, void **_a)
{
    if (_c == QMetaObject::InvokeMetaMethod) {
        auto *_t = static_cast<qSlicerSAM2LungModuleWidget *>(_o);
        (void)_t;
        switch (_id) {
        case 0: _t->setMRMLScene((*reinterpret_cast< vtkMRMLScene*(*)>(_a[1]))); break;
        case 1: _t->setParametersNode((*reinterpret_cast< vtkMRMLSAM2LungParametersNode*(*)>(_a[1]))); break;
        case 2: _t->chooseCT((*reinterpret_cast< vtkMRMLNode*(*)>(_a[1]))); break;
        case 3: _t->preselectCT(); break;
        case 4: _t->schedulePreselection(); break;
        case 5: _t->onNodeAdded((*reinterpret_cast< vtkObject*(*)>(_a[1])),(*reinterpret_cast< vtkObject*(*)>(_a[2]))); break;
        case 6: _t->onNodeRemoved((*reinterpret_cast< vtkObject*(*)>(_a[1])),(*reinterpret_cast< vtkObject*(*)>(_a[2]))); break;
        case 7: _t->onOrphansRemoved(); break;
        case 8: _t->followViews(); break;
        case 9: _t->scheduleFollowing(); break;
        case 10: _t->onSceneClosed(); break;
        case 11: _t->segmentNodules(); break;
        case 12: _t->outlineAtPoint((*reinterpret_cast< double(*)>(_a[1])),(*reinterpret_cast< double(*)>(_a[2])),(*reinterpret_cast< double(*)>(_a[3]))); break;
        case 13: _t->setPlacing((*reinterpret_cast< bool(*)>(_a[1]))); break;
        case 14: _t->cancel(); break;
        case 15: _t->onRunStarted(); break;
        case 16: _t->onRunFinished(); break;
        case 17: _t->setOverlayVisible((*reinterpret_cast< bool(*)>(_a[1]))); break;
        case 18: _t->setOverlayOpacity((*reinterpret_cast< double(*)>(_a[1]))); break;
        case 19: _t->onAdvancedCollapsed((*reinterpret_cast< bool(*)>(_a[1]))); break;
        case 20: _t->updateProgress(); break;
        case 21: _t->updateWidgetFromMRML(); break;
        default: ;
        }
    }
}

QT_INIT_METAOBJECT const QMetaObject qSlicerSAM2LungModuleWidget::staticMetaObject = { {
    QMetaObject::SuperData::link<qSlicerAbstractModuleWidget::staticMetaObject>(),
    qt_meta_stringdata_qSlicerSAM2LungModuleWidget.data,
    qt_meta_data_qSlicerSAM2LungModuleWidget,
    qt_static_metacall,
    nullptr,
    nullptr
} };


const QMetaObject *qSlicerSAM2LungModuleWidget::metaObject() const
{
    return QObject::d_ptr->metaObject ? QObject::d_ptr->dynamicMetaObject() : &staticMetaObject;
}

void *qSlicerSAM2LungModuleWidget::qt_metacast(const char *_clname)
{
    if (!_clname) return nullptr;
    if (!strcmp(_clname, qt_meta_stringdata_qSlicerSAM2LungModuleWidget.stringdata0))
        return static_cast<void*>(this);
    return qSlicerAbstractModuleWidget::qt_metacast(_clname);
}

int qSlicerSAM2LungModuleWidget::qt_metacall(QMetaObject::Call _c, int _id, void **_a)
{
    _id = qSlicerAbstractModuleWidget::qt_metacall(_c, _id, _a);
    if (_id < 0)
        return _id;
    if (_c == QMetaObject::InvokeMetaMethod) {
        if (_id < 22)
            qt_static_metacall(this, _c, _id, _a);
        _id -= 22;
    } else if (_c == QMetaObject::RegisterMethodArgumentMetaType) {
        if (_id < 22)
            *reinterpret_cast<int*>(_a[0]) = -1;
        _id -= 22;
    }
    return _id;
}
QT_WARNING_POP
QT_END_MOC_NAMESPACE
