/****************************************************************************
** Meta object code from reading C++ file 'qSAM2LungNoduleTable.h'
**
** Created by: The Qt Meta Object Compiler version 67 (Qt 5.15.8)
**
** WARNING! All changes made in this file will be lost!
*****************************************************************************/

#include <memory>
#include "../Widgets/qSAM2LungNoduleTable.h"
#include <QtCore/qbytearray.h>
#include <QtCore/qmetatype.h>
#if !defined(Q_MOC_OUTPUT_REVISION)
#error "The header file 'qSAM2LungNoduleTable.h' doesn't include <QObject>."
#elif Q_MOC_OUTPUT_REVISION != 67
#error "This file was generated using the moc from 5.15.8. It"
#error "cannot be used with the include files from this version of Qt."
#error "(The moc has changed too much.)"
#endif

QT_BEGIN_MOC_NAMESPACE
QT_WARNING_PUSH
QT_WARNING_DISABLE_DEPRECATED
struct qt_meta_stringdata_qSAM2LungNoduleTable_t {
    QByteArrayData data[14];
    char stringdata0[161];
};
#define QT_MOC_LITERAL(idx, ofs, len) \
    Q_STATIC_BYTE_ARRAY_DATA_HEADER_INITIALIZER_WITH_OFFSET(len, \
    qptrdiff(offsetof(qt_meta_stringdata_qSAM2LungNoduleTable_t, stringdata0) + ofs \
        - idx * sizeof(QByteArrayData)) \
    )
static const qt_meta_stringdata_qSAM2LungNoduleTable_t qt_meta_stringdata_qSAM2LungNoduleTable = {
    {
QT_MOC_LITERAL(0, 0, 20), // "qSAM2LungNoduleTable"
QT_MOC_LITERAL(1, 21, 14), // "detailsChanged"
QT_MOC_LITERAL(2, 36, 0), // ""
QT_MOC_LITERAL(3, 37, 7), // "details"
QT_MOC_LITERAL(4, 45, 16), // "setCurrentNodule"
QT_MOC_LITERAL(5, 62, 2), // "id"
QT_MOC_LITERAL(6, 65, 15), // "updateFromLogic"
QT_MOC_LITERAL(7, 81, 14), // "scheduleUpdate"
QT_MOC_LITERAL(8, 96, 9), // "jumpToRow"
QT_MOC_LITERAL(9, 106, 3), // "row"
QT_MOC_LITERAL(10, 110, 13), // "onCellClicked"
QT_MOC_LITERAL(11, 124, 13), // "onItemChanged"
QT_MOC_LITERAL(12, 138, 17), // "QTableWidgetItem*"
QT_MOC_LITERAL(13, 156, 4) // "item"

    },
    "qSAM2LungNoduleTable\0detailsChanged\0"
    "\0details\0setCurrentNodule\0id\0"
    "updateFromLogic\0scheduleUpdate\0jumpToRow\0"
    "row\0onCellClicked\0onItemChanged\0"
    "QTableWidgetItem*\0item"
};
#undef QT_MOC_LITERAL

static const uint qt_meta_data_qSAM2LungNoduleTable[] = {

 // content:
       8,       // revision
       0,       // classname
       0,    0, // classinfo
       7,   14, // methods
       0,    0, // properties
       0,    0, // enums/sets
       0,    0, // constructors
       0,       // flags
       1,       // signalCount

 // signals: name, argc, parameters, tag, flags
       1,    1,   49,    2, 0x06 /* Public */,

 // slots: name, argc, parameters, tag, flags
       4,    1,   52,    2, 0x0a /* Public */,
       6,    0,   55,    2, 0x0a /* Public */,
       7,    0,   56,    2, 0x0a /* Public */,
       8,    1,   57,    2, 0x09 /* Protected */,
      10,    1,   60,    2, 0x09 /* Protected */,
      11,    1,   63,    2, 0x09 /* Protected */,

 // signals: parameters
    QMetaType::Void, QMetaType::QString,    3,

 // slots: parameters
    QMetaType::Void, QMetaType::Int,    5,
    QMetaType::Void,
    QMetaType::Void,
    QMetaType::Void, QMetaType::Int,    9,
    QMetaType::Void, QMetaType::Int,    9,
    QMetaType::Void, 0x80000000 | 12,   13,

       0        // eod
};

void qSAM2LungNoduleTable::qt_static_metacall(QObject *_o, QMetaObject::Call _c, int _id, void **_a)
{
    if (_c == QMetaObject::InvokeMetaMethod) {
        auto *_t = static_cast<qSAM2LungNoduleTable *>(_o);
        (void)_t;
        switch (_id) {
        case 0: _t->detailsChanged((*reinterpret_cast< const QString(*)>(_a[1]))); break;
        case 1: _t->setCurrentNodule((*reinterpret_cast< int(*)>(_a[1]))); break;
        case 2: _t->updateFromLogic(); break;
        case 3: _t->scheduleUpdate(); break;
        case 4: _t->jumpToRow((*reinterpret_cast< int(*)>(_a[1]))); break;
        case 5: _t->onCellClicked((*reinterpret_cast< int(*)>(_a[1]))); break;
        case 6: _t->onItemChanged((*reinterpret_cast< QTableWidgetItem*(*)>(_a[1]))); break;
        default: ;
        }
    } else if (_c == QMetaObject::IndexOfMethod) {
        int *result = reinterpret_cast<int *>(_a[0]);
        {
            using _t = void (qSAM2LungNoduleTable::*)(const QString & );
            if (*reinterpret_cast<_t *>(_a[1]) == static_cast<_t>(&qSAM2LungNoduleTable::detailsChanged)) {
                *result = 0;
                return;
            }
        }
    }
}

QT_INIT_METAOBJECT const QMetaObject qSAM2LungNoduleTable::staticMetaObject = { {
    QMetaObject::SuperData::link<QTableWidget::staticMetaObject>(),
    qt_meta_stringdata_qSAM2LungNoduleTable.data,
    qt_meta_data_qSAM2LungNoduleTable,
    qt_static_metacall,
    nullptr,
    nullptr
} };


const QMetaObject *qSAM2LungNoduleTable::metaObject() const
{
    return QObject::d_ptr->metaObject ? QObject::d_ptr->dynamicMetaObject() : &staticMetaObject;
}

void *qSAM2LungNoduleTable::qt_metacast(const char *_clname)
{
    if (!_clname) return nullptr;
    if (!strcmp(_clname, qt_meta_stringdata_qSAM2LungNoduleTable.stringdata0))
        return static_cast<void*>(this);
    return QTableWidget::qt_metacast(_clname);
}

int qSAM2LungNoduleTable::qt_metacall(QMetaObject::Call _c, int _id, void **_a)
{
    _id = QTableWidget::qt_metacall(_c, _id, _a);
    if (_id < 0)
        return _id;
    if (_c == QMetaObject::InvokeMetaMethod) {
        if (_id < 7)
            qt_static_metacall(this, _c, _id, _a);
        _id -= 7;
    } else if (_c == QMetaObject::RegisterMethodArgumentMetaType) {
        if (_id < 7)
            *reinterpret_cast<int*>(_a[0]) = -1;
        _id -= 7;
    }
    return _id;
}

// SIGNAL 0
void qSAM2LungNoduleTable::detailsChanged(const QString & _t1)
{
    void *_a[] = { nullptr, const_cast<void*>(reinterpret_cast<const void*>(std::addressof(_t1))) };
    QMetaObject::activate(this, &staticMetaObject, 0, _a);
}
QT_WARNING_POP
QT_END_MOC_NAMESPACE
