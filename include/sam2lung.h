/*
 * sam2lung: finds and outlines lung nodules in a chest CT and says how sure it is.
 * Research use only; not a medical device.
 */

#ifndef SAM2LUNG_H
#define SAM2LUNG_H

/* Generated from src/capi by `cargo xtask header`; do not edit. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Version of the binary interface that this header describes.
 *
 * Grows by one when functions are added; they are only ever added. A program that was compiled with this header
 * needs a library whose sam2lung_abi_version() is at least this.
 */
#define SAM2LUNG_ABI_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The library's version as text, for example "0.1.0".
 *
 * Returns a NUL-terminated UTF-8 string, never NULL, that belongs to the library and stays valid until it is
 * unloaded: don't free it. Any thread.
 */
const char *sam2lung_version(void);

/**
 * Version of the binary interface that this library has; compare it with SAM2LUNG_ABI_VERSION. Any thread.
 */
uint32_t sam2lung_abi_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SAM2LUNG_H */
