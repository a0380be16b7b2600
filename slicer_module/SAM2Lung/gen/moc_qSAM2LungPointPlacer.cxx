/****************************************************************************
** Meta object code from reading C++ file 'qSAM2LungPointPlacer.h'
**
** Created by: The Qt Meta Object Compiler version 67 (Qt 5.15.8)
**
** WARNING! All changes made in this file will be lost!
*****************************************************************************/

#include <memory>
#include "../Widgets/qSAM2LungPointPlacer.h"
#include <QtCore/qbytearray.h>
#include <QtCore/qmetatype.h>
#if !defined(Q_MOC_OUTPUT_REVISION)
#error "The header file 'qSAM2LungPointPlacer.h' doesn't include <QObject>."
#elif Q_MOC_OUTPUT_REVISION != 67
#error "This file was generated using the moc from 5.15.8. It"
#error "cannot be used with the include files from this version of Qt."
#error "(The moc has changed too much.)"
#endif

QT_BEGIN_MOC_NAMESPACE
QT_WARNING_PUSH
QT_WARNING_DISABLE_DEPRECATED
struct qt_meta_stringdata_qSAM2LungPointPlacer_t {
    QByteArrayData data[15];
    char stringdata0[130];
};
#define QT_MOC_LITERAL(idx, ofs, len) \
    Q_STATIC_BYTE_ARRAY_DATA_HEADER_INITIALIZER_WITH_OFFSET(len, \
    qptrdiff(offsetof(qt_meta_stringdata_qSAM2LungPointPlacer_t, stringdata0) + ofs \
        - idx * sizeof(QByteArrayData)) \
    )
static const qt_meta_stringdata_qSAM2LungPointPlacer_t qt_meta_stringdata_qSAM2LungPointPlacer = {
    {
QT_MOC_LITERAL(0, 0, 20), // "qSAM2LungPointPlacer"
QT_MOC_LITERAL(1, 21, 6), // "placed"
QT_MOC_LITERAL(2, 28, 0), // ""
QT_MOC_LITERAL(3, 29, 1), // "r"
QT_MOC_LITERAL(4, 31, 1), // "a"
QT_MOC_LITERAL(5, 33, 1), // "s"
QT_MOC_LITERAL(6, 35, 14), // "placingChanged"
QT_MOC_LITERAL(7, 50, 7), // "placing"
QT_MOC_LITERAL(8, 58, 5), // "start"
QT_MOC_LITERAL(9, 64, 13), // "vtkMRMLScene*"
QT_MOC_LITERAL(10, 78, 5), // "scene"
QT_MOC_LITERAL(11, 84, 4), // "stop"
QT_MOC_LITERAL(12, 89, 14), // "onPointDefined"
QT_MOC_LITERAL(13, 104, 18), // "onSelectionChanged"
QT_MOC_LITERAL(14, 123, 6) // "finish"

    },
    "qSAM2LungPointPlacer\0placed\0\0r\0a\0s\0"
    "placingChanged\0placing\0start\0vtkMRMLScene*\0"
    "scene\0stop\0onPointDefined\0onSelectionChanged\0"
    "finish"
};
#undef QT_MOC_LITERAL

static const uint qt_meta_data_qSAM2LungPointPlacer[] = {

 // content:
       8,       // revision
       0,       // classname
       0,    0, // classinfo
       7,   14, // methods
       0,    0, // properties
       0,    0, // enums/sets
       0,    0, // constructors
       0,       // flags
       2,       // signalCount

 // signals: name, argc, parameters, tag, flags
       1,    3,   49,    2, 0x06 /* Public */,
       6,    1,   56,    2, 0x06 /* Public */,

 // slots: name, argc, parameters, tag, flags
       8,    1,   59,    2, 0x0a /* Public */,
      11,    0,   62,    2, 0x0a /* Public */,
      12,    0,   63,    2, 0x09 /* Protected */,
      13,    0,   64,    2, 0x09 /* Protected */,
      14,    0,   65,    2, 0x09 /* Protected */,

 // signals: parameters
    QMetaType::Void, QMetaType::Double, QMetaType::Double, QMetaType::Double,    3,    4,    5,
    QMetaType::Void, QMetaType::Bool,    7,

 // slots: parameters
    QMetaType::Bool, 0x80000000 | 9,   10,
    QMetaType::Void,
    QMetaType::Void,
    QMetaType::Void,
    QMetaType::Void,

       0        // eod
};

void qSAM2LungPointPlacer::qt_static_metacall(QObject *_o, QMetaObject::Call _c, int _id, void **_a)
{
    if (_c == QMetaObject::InvokeMetaMethod) {
        auto *_t = static_cast<qSAM2LungPointPlacer *>(_o);
        (void)_t;
        switch (_id) {
        case 0: _t->placed((*reinterpret_cast< double(*)>(_a[1])),(*reinterpret_cast< double(*)>(_a[2])),(*reinterpret_cast< double(*)>(_a[3]))); break;
        case 1: _t->placingChanged((*reinterpret_cast< bool(*)>(_a[1]))); break;
        case 2: { bool _r = _t->start((*reinterpret_cast< vtkMRMLScene*(*)>(_a[1])));
            if (_a[0]) *reinterpret_cast< bool*>(_a[0]) = std::move(_r); }  break;
        case 3: _t->stop(); break;
        case 4: _t->onPointDefined(); break;
        case 5: _t->onSelectionChanged(); break;
        case 6: _t->finish(); break;
        default: ;
        }
    } else if (_c == QMetaObject::IndexOfMethod) {
        int *result = reinterpret_cast<int *>(_a[0]);
        {
            using _t = void (qSAM2LungPointPlacer::*)(double , double , double );
            if (*reinterpret_cast<_t *>(_a[1]) == static_cast<_t>(&qSAM2LungPointPlacer::placed)) {
                *result = 0;
                return;
            }
        }
        {
            using _t = void (qSAM2LungPointPlacer::*)(bool );
            if (*reinterpret_cast<_t *>(_a[1]) == static_cast<_t>(&qSAM2LungPointPlacer::placingChanged)) {
                *result = 1;
                return;
            }
        }
    }
}

QT_INIT_METAOBJECT const QMetaObject qSAM2LungPointPlacer::staticMetaObject = { {
    QMetaObject::SuperData::link<QObject::staticMetaObject>(),
    qt_meta_stringdata_qSAM2LungPointPlacer.data,
    qt_meta_data_qSAM2LungPointPlacer,
    qt_static_metacall,
    nullptr,
    nullptr
} };


const QMetaObject *qSAM2LungPointPlacer::metaObject() const
{
    return QObject::d_ptr->metaObject ? QObject::d_ptr->dynamicMetaObject() : &staticMetaObject;
}

void *qSAM2LungPointPlacer::qt_metacast(const char *_clname)
{
    if (!_clname) return nullptr;
    if (!strcmp(_clname, qt_meta_stringdata_qSAM2LungPointPlacer.stringdata0))
        return static_cast<void*>(this);
    return QObject::qt_metacast(_clname);
}

int qSAM2LungPointPlacer::qt_metacall(QMetaObject::Call _c, int _id, void **_a)
{
    _id = QObject::qt_metacall(_c, _id, _a);
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
void qSAM2LungPointPlacer::placed(double _t1, double _t2, double _t3)
{
    void *_a[] = { nullptr, const_cast<void*>(reinterpret_cast<const void*>(std::addressof(_t1))), const_cast<void*>(reinterpret_cast<const void*>(std::addressof(_t2))), const_cast<void*>(reinterpret_cast<const void*>(std::addressof(_t3))) };
    QMetaObject::activate(this, &staticMetaObject, 0, _a);
}

// SIGNAL 1
void qSAM2LungPointPlacer::placingChanged(bool _t1)
{
    void *_a[] = { nullptr, const_cast<void*>(reinterpret_cast<const void*>(std::addressof(_t1))) };
    QMetaObject::activate(this, &staticMetaObject, 1, _a);
}
QT_WARNING_POP
QT_END_MOC_NAMESPACE
