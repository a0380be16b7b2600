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

#[cfg(test)]
mod tests {
    use super::*;

    /// A struct in its first version, in today's, and in a later one.
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct First {
        struct_size: usize,
        samples: u32,
    }

    #[repr(C)]
    #[derive(Debug, Clone, Copy, PartialEq)]
    struct Today {
        struct_size: usize,
        samples: u32,
        keep: bool,
        threshold: f64,
    }

    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Later {
        today: Today,
        more: u64,
    }

    // SAFETY: repr(C), its size first, the bool is listed.
    unsafe impl Abi for Today {
        const NAME: &'static str = "today";
        const FIRST_SIZE: usize = size_of::<First>();
        const BOOLS: &'static [(&'static str, usize)] = &[("keep", std::mem::offset_of!(Today, keep))];
        const DEFAULT: Self = Today { struct_size: size_of::<Self>(), samples: 1, keep: true, threshold: 0.5 };
    }

    fn read_as_today<T>(value: &T) -> Result<Today> {
        // SAFETY: every struct here begins with its own size.
        unsafe { read(ptr::from_ref(value).cast::<Today>(), "options") }
    }

    const TODAY: Today = Today { struct_size: size_of::<Today>(), samples: 9, keep: false, threshold: 0.25 };

    #[test]
    fn read_shorter_struct_of_an_older_program_takes_defaults_for_what_it_lacks() {
        // In the first version the struct ended where `keep` lies now: in its padding.
        let older = First { struct_size: size_of::<First>(), samples: 9 };
        let got = read_as_today(&older).unwrap();
        assert_eq!((got.samples, got.threshold), (9, 0.5));
    }

    #[test]
    fn read_longer_struct_from_the_future_is_accepted_where_it_asks_for_nothing_new() {
        let today = Today { struct_size: size_of::<Later>(), ..TODAY };
        let got = read_as_today(&Later { today, more: 0 }).unwrap();
        assert_eq!((got.samples, got.keep, got.threshold), (9, false, 0.25));
        let error = read_as_today(&Later { today, more: 1 << 63 }).unwrap_err();
        assert_eq!(error.name(), "E_ARGUMENT");
        assert!(error.to_string().contains("this library is older than the program"), "{error}");
    }

    #[test]
    fn read_size_that_no_version_had_is_refused() {
        for struct_size in [0, size_of::<usize>(), size_of::<First>() - 1, LONGEST + 1, usize::MAX] {
            let error = read_as_today(&Today { struct_size, ..TODAY }).unwrap_err();
            assert!(error.to_string().contains("options->struct_size"), "{error}");
        }
    }

    #[test]
    fn read_bool_that_is_neither_true_nor_false_is_refused_by_its_name() {
        let mut bytes = MaybeUninit::new(TODAY);
        // SAFETY: one byte within the struct, which is only read as bytes after this.
        unsafe { bytes.as_mut_ptr().cast::<u8>().add(std::mem::offset_of!(Today, keep)).write(2) };
        let error = read_as_today(&bytes).unwrap_err();
        assert!(error.to_string().contains("options->keep is the byte 2"), "{error}");
    }

    #[test]
    fn write_touches_no_more_than_the_caller_has_room_for() {
        let mut place = [0x5au8; 64];
        for size in [size_of::<First>(), size_of::<Today>(), size_of::<Later>()] {
            place.fill(0x5a);
            // SAFETY: there are more than `size` bytes.
            unsafe { write(place.as_mut_ptr().cast::<Today>(), size, &TODAY) };
            assert_eq!(place[..size_of::<usize>()], size.to_ne_bytes());
            assert_eq!(place[8..12], 9u32.to_ne_bytes());
            assert!(place[size..].iter().all(|byte| *byte == 0x5a), "{size}");
            let unknown = size_of::<Today>().min(size)..size;
            assert!(place[unknown].iter().all(|byte| *byte == 0), "{size}");
        }
    }
}
