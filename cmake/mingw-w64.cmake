# Toolchain file: builds for Windows on x86-64 with MinGW-w64, on Linux. docs/windows.md says how it is used.
#
# Enters, from the environment: SAM2LUNG_MINGW (what the names of the compilers begin with; else those on PATH), SAM2LUNG_WINE
# (a program that runs others, for tests).

set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)

set(mingw "$ENV{SAM2LUNG_MINGW}")
if(NOT mingw)
    set(mingw "x86_64-w64-mingw32-")
endif()
# Rust's part and std::thread want the same model of threads.
set(CMAKE_C_COMPILER "${mingw}gcc-posix")
set(CMAKE_CXX_COMPILER "${mingw}g++-posix")
set(CMAKE_RC_COMPILER "${mingw}windres")

# Nothing of this machine belongs into what is built.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)

# The compiler's own libraries go into the programs: no other DLL has to be beside them.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-static")

if(NOT "$ENV{SAM2LUNG_WINE}" STREQUAL "")
    set(CMAKE_CROSSCOMPILING_EMULATOR "$ENV{SAM2LUNG_WINE}")
endif()
