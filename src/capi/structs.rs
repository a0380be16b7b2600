//! Structs that begin with their own size, so that programs and libraries of different versions fit each other.
//!
//! Coming in: a shorter struct lacks fields, which take their defaults; a longer one is from the future and is accepted
//! where all that this library doesn't know is zero, the value that means "as before". Going out: never more is written
//! than the caller has room for.

use std::{mem::MaybeUninit, ptr};

use super::pointers::refuse;
use crate::error::Result;

/// No struct will ever be longer: more is a number that nobody set.
const LONGEST: usize = 4096;

/// A struct of the C ABI.
///
/// # Safety
/// `repr(C)` with a `size_t` of its own size as first field, any bits in the others valid but for [`Abi::BOOLS`].
pub unsafe trait Abi: Copy {
    /// Its name in C.
    const NAME: &'static str;
    /// Its size in the first version that had it.
    const FIRST_SIZE: usize;
    /// Names of the fields that are `bool`, with their offsets.
    const BOOLS: &'static [(&'static str, usize)];
    /// Every field as a caller who doesn't know it would have it.
    const DEFAULT: Self;
}

/// Reads a struct that the caller made.
///
/// # Safety
/// `pointer` is not NULL and points to as many bytes as its first field says.
///
/// # Errors
/// [`crate::Error::Argument`] for a size that no version had, for unknown fields that are in use, and for a `bool` that is
/// neither true nor false.
pub unsafe fn read<T: Abi>(pointer: *const T, argument: &str) -> Result<T> {
    // SAFETY: the size comes first and is there always.
    let size = unsafe { pointer.cast::<usize>().read_unaligned() };
    check_size::<T>(size, &format!("{argument}->struct_size"))?;
    let bytes = pointer.cast::<u8>();
    // SAFETY: the caller says that there are `size` bytes.
    if (size_of::<T>()..size).any(|at| unsafe { bytes.add(at).read() } != 0) {
        let got = format!("{size} bytes with fields in use that this library doesn't know");
        let expected = format!("{} bytes: this library is older than the program", size_of::<T>());
        return Err(refuse(format!("{argument} ({})", T::NAME), got, expected));
    }
    let mut value = MaybeUninit::new(T::DEFAULT);
    // SAFETY: `value` has room for the smaller of the two sizes.
    unsafe { ptr::copy_nonoverlapping(bytes, value.as_mut_ptr().cast(), size.min(size_of::<T>())) };
    for (name, at) in T::BOOLS {
        // SAFETY: the offset lies in the struct, whose bytes are all there.
        let byte = unsafe { value.as_ptr().cast::<u8>().add(*at).read() };
        if byte > 1 {
            return Err(refuse(format!("{argument}->{name}"), format!("the byte {byte}"), "true (1) or false (0)"));
        }
    }
    // SAFETY: any bits are valid but for the bools, which were looked at.
    Ok(unsafe { value.assume_init() })
}

/// Refuses a struct for output whose size no version had.
///
/// # Safety
/// `pointer` is not NULL and its first field can be read.
///
/// # Errors
/// [`crate::Error::Argument`].
pub unsafe fn check_room<T: Abi>(pointer: *const T, argument: &str) -> Result<usize> {
    // SAFETY: as this function's own.
    let size = unsafe { pointer.cast::<usize>().read_unaligned() };
    check_size::<T>(size, &format!("{argument}->struct_size")).map(|()| size)
}

/// Refuses a size that no version had.
///
/// # Errors
/// [`crate::Error::Argument`].
pub fn check_size<T: Abi>(size: usize, argument: &str) -> Result<()> {
    if (T::FIRST_SIZE..=LONGEST).contains(&size) {
        return Ok(());
    }
    let expected = format!("sizeof({}), {} in this version and at least {}", T::NAME, size_of::<T>(), T::FIRST_SIZE);
    Err(refuse(argument, size.to_string(), expected))
}

/// Writes what fits into the caller's `size` bytes; fields that this library doesn't know become zero, and the size stays
/// what the caller said.
///
/// # Safety
/// `pointer` can be written over `size` bytes, which [`check_size`] accepted.
pub unsafe fn write<T: Abi>(pointer: *mut T, size: usize, value: &T) {
    let own = size.min(size_of::<T>());
    let bytes = pointer.cast::<u8>();
    // SAFETY: as this function's own; `own` isn't more than either has.
    unsafe {
        ptr::copy_nonoverlapping(ptr::from_ref(value).cast(), bytes, own);
        ptr::write_bytes(bytes.add(own), 0, size - own);
        pointer.cast::<usize>().write_unaligned(size);
    }
}
