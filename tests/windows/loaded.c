/* A host that loads and frees the library at run time. Once ONNX Runtime is loaded both stay, since threads of the one call
 * functions of the other; and ONNX Runtime is no source of events: what it registers with is the library's own.
 * Usage: loaded LIBRARY, by its whole path */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#include <sam2lung.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                    \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

/* What a module calls for the function of that name that it imports; NULL where it imports none (PE format, .idata). */
static void *imported(const BYTE *module, const char *function)
{
    const IMAGE_NT_HEADERS64 *header =
        (const IMAGE_NT_HEADERS64 *)(module + ((const IMAGE_DOS_HEADER *)module)->e_lfanew);
    DWORD at = header->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress;
    const IMAGE_IMPORT_DESCRIPTOR *library = (const IMAGE_IMPORT_DESCRIPTOR *)(module + at);
    for (; library->Name != 0; ++library) {
        const ULONGLONG *name = (const ULONGLONG *)(module + library->OriginalFirstThunk);
        void *const *slot = (void *const *)(module + library->FirstThunk);
        for (; *name != 0; ++name, ++slot) {
            if ((*name & IMAGE_ORDINAL_FLAG64) == 0
                && strcmp((const char *)((const IMAGE_IMPORT_BY_NAME *)(module + *name))->Name, function) == 0) {
                return *slot;
            }
        }
    }
    return NULL;
}

typedef sam2lung_status (*load_function)(const char *, sam2lung_runtime **, sam2lung_error **);
typedef const char *(*library_function)(const sam2lung_runtime *);

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    /* Before ONNX Runtime is loaded, the library goes like any other. */
    HMODULE library = LoadLibraryA(argv[1]);
    CHECK(library != NULL);
    CHECK(FreeLibrary(library) && GetModuleHandleA(argv[1]) == NULL);

    library = LoadLibraryA(argv[1]);
    CHECK(library != NULL);
    load_function load = (load_function)(void *)GetProcAddress(library, "sam2lung_runtime_load");
    library_function name = (library_function)(void *)GetProcAddress(library, "sam2lung_runtime_library");
    CHECK(load != NULL && name != NULL);
    sam2lung_runtime *runtime = NULL;
    CHECK(load(NULL, &runtime, NULL) == SAM2LUNG_STATUS_OK);
    printf("%s\n", name(runtime));

    HMODULE onnxruntime = GetModuleHandleA(strrchr(name(runtime), '\\') + 1);
    CHECK(onnxruntime != NULL);
    void *registration = imported((const BYTE *)onnxruntime, "EventRegister");
    HMODULE owner = NULL;
    CHECK(registration != NULL);
    CHECK(GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                             (const char *)registration, &owner));
    CHECK(owner == library);

    CHECK(FreeLibrary(library) && FreeLibrary(library));
    CHECK(GetModuleHandleA(argv[1]) == library);
    puts("loaded: good");
    return 0;
}
