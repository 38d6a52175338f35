/* What the C of compiled modules is built with, beside what mypyc writes: what it does not know of a simulation.

In: included by ``simulation.building`` behind the run-time library and the headers of mypyc, before the code of the modules.
Out: nothing that a run could tell but its speed: every shortcut here checks that it may be taken, and takes mypyc's own way
where it may not. Interpreters on which a check would not hold get none of it.

1. Fields of Structs. To read one by name Python asks the type, then the descriptor that the type has, then the object: 165
   instructions, at hundreds of places for each order. Each place here remembers where in the object it found the field, and
   the version of the type: a number that no other type has, and that the type changes when anything of it or of its bases does.
   This is what the interpreter does with its own code since 3.11 (PEP 659).
2. Names of modules. What a module imported from one that is not compiled it looks up at each use. Each place remembers what it
   found, and the version of the dictionary: a number that no other dictionary has, and that changes with everything in it.
3. Classes. Where anything derived from a class will do, Python walks through the bases of what it is given. Each place
   remembers the version of the last class that would do.
4. What goes wrong. Two thirds of the code of a module handle errors that never happen. Told that those calls are cold, the
   compiler puts them where they don't take the place of others in the processor's cache: a day's run takes a seventh less time.
*/

#ifndef TONTINE_NATIVE_H
#define TONTINE_NATIVE_H

#if defined(__GNUC__) && !defined(Py_GIL_DISABLED)

#include <structmember.h>

#define HOPELESS 64 /* times that a place looks for what it could remember, before it only asks */

/* -- fields -------------------------------------------------------------------------------------- */
#if PY_VERSION_HEX < 0x030E0000

struct field_place {
    unsigned int version; /* of the type; types without one have 0 */
    unsigned int misses;
    Py_ssize_t offset;
};

static __attribute__((noinline)) PyObject *field_sought(PyObject *object, PyObject *name, struct field_place *place)
{
    PyObject *found = PyObject_GetAttr(object, name);
    PyTypeObject *type = Py_TYPE(object);
    if (found == NULL || place->misses >= HOPELESS || type->tp_getattro != PyObject_GenericGetAttr)
        return found;
    place->misses++;
    PyObject *descriptor = _PyType_Lookup(type, name);
    if (descriptor != NULL && Py_IS_TYPE(descriptor, &PyMemberDescr_Type)) {
        /* With a setter it goes before whatever the object has under this name, and a slot has one. */
        PyMemberDef *member = ((PyMemberDescrObject *)descriptor)->d_member;
        if (member->type == T_OBJECT_EX && type->tp_version_tag != 0) {
            place->version = type->tp_version_tag;
            place->offset = member->offset;
        }
    }
    return found;
}

static inline PyObject *field(PyObject *object, PyObject *name, struct field_place *place)
{
    if (likely(Py_TYPE(object)->tp_version_tag == place->version)) {
        PyObject *found = *(PyObject **)((char *)object + place->offset);
        if (likely(found != NULL))
            return Py_NewRef(found);
    }
    return field_sought(object, name, place); /* also for a field that was never set: that says so */
}

#undef CPyObject_GetAttr
#define CPyObject_GetAttr(object, name)                      \
    ({                                                       \
        static struct field_place place_ = {~0u, 0, 0};      \
        field((object), (name), &place_);                    \
    })

#endif

/* -- classes ------------------------------------------------------------------------------------- */
#if PY_VERSION_HEX < 0x030E0000

static inline int fits(PyObject *object, PyTypeObject *wanted, unsigned int *version)
{
    PyTypeObject *type = Py_TYPE(object);
    if (likely(type == wanted || type->tp_version_tag == *version))
        return 1;
    if (!PyType_IsSubtype(type, wanted))
        return 0;
    if (type->tp_version_tag != 0)
        *version = type->tp_version_tag;
    return 1;
}

#undef PyObject_TypeCheck
#define PyObject_TypeCheck(object, wanted)                   \
    ({                                                       \
        static unsigned int version_ = ~0u;                  \
        fits((PyObject *)(object), (wanted), &version_);     \
    })

#endif

/* -- names --------------------------------------------------------------------------------------- */
#if PY_VERSION_HEX < 0x030C0000 /* dictionaries have no versions later */

struct item_place {
    uint64_t version; /* of the dictionary; none has 0 */
    PyObject *key;    /* ours: another object at its address would be another key */
    PyObject *item;   /* the dictionary's, as long as it has this version */
    unsigned int misses;
};

static __attribute__((noinline)) PyObject *item_sought(PyObject *dict, PyObject *key, struct item_place *place)
{
    PyObject *item = CPyDict_GetItem(dict, key);
    if (item != NULL && place->misses < HOPELESS && PyDict_CheckExact(dict)) {
        place->misses++;
        place->version = ((PyDictObject *)dict)->ma_version_tag;
        place->item = item;
        Py_INCREF(key);
        Py_XSETREF(place->key, key);
    }
    return item;
}

static inline PyObject *item(PyObject *dict, PyObject *key, struct item_place *place)
{
    if (likely(((PyDictObject *)dict)->ma_version_tag == place->version && key == place->key))
        return Py_NewRef(place->item);
    return item_sought(dict, key, place);
}

#define CPyDict_GetItem(dict, key)                           \
    ({                                                       \
        static struct item_place place_ = {0, NULL, NULL, 0};\
        item((dict), (key), &place_);                        \
    })

#endif

/* -- errors -------------------------------------------------------------------------------------- */
#define COLD __attribute__((cold))

COLD void CPyTagged_IncRef(CPyTagged x);
COLD void CPyTagged_DecRef(CPyTagged x);
COLD static void CPy_DecRef(PyObject *p); /* the code of errors alone calls it: elsewhere it is written in place */
COLD static void CPy_XDecRef(void *p);
COLD void CPyError_OutOfMemory(void);
COLD void CPy_TypeError(const char *expected, PyObject *value);
COLD void CPy_TypeErrorTraceback(
    const char *filename, const char *funcname, int line, PyObject *globals, const char *expected, PyObject *value);
COLD void CPy_AddTraceback(const char *filename, const char *funcname, int line, PyObject *globals);
COLD void CPy_AttributeError(
    const char *filename, const char *funcname, const char *classname, const char *attrname, int line,
    PyObject *globals);

#endif
#endif
