//! Memory that may not be there: the large arrays are asked for in a way that can fail by name.

use std::mem::size_of;

use ndarray::{Array3, ArrayView3};

use crate::{
    error::{Error, Result},
    platform,
};

/// An empty vector with room for `len` values, wanted for `what`.
///
/// # Errors
/// [`Error::OutOfMemory`].
pub fn vec<T>(len: usize, what: &'static str) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(len).map_err(|_| missing::<T>(len, what))?;
    Ok(vec)
}

/// Makes room for `more` values behind those of `vec`, wanted for `what`: for later ones as well where there is enough.
///
/// # Errors
/// [`Error::OutOfMemory`]; `vec` is as it was.
pub fn grow<T>(vec: &mut Vec<T>, more: usize, what: &'static str) -> Result<()> {
    vec.try_reserve(more)
        .or_else(|_| vec.try_reserve_exact(more))
        .map_err(|_| missing::<T>(vec.len().saturating_add(more), what))
}

fn missing<T>(len: usize, what: &'static str) -> Error {
    let mib = (len as u64).saturating_mul(size_of::<T>() as u64) >> 20;
    Error::OutOfMemory { what, needed: format!("{mib} MiB") }
}

/// Makes sure that `bytes` are free now, wanted for `what`. They are given back at once and never touched, so this costs
/// nothing; another allocation may still take them.
///
/// # Errors
/// [`Error::OutOfMemory`].
pub fn check_free(bytes: usize, what: &'static str) -> Result<()> {
    vec::<u8>(bytes, what).map(drop)
}

/// A copy of an array, packed, wanted for `what`.
///
/// # Errors
/// [`Error::OutOfMemory`].
pub fn copied<T: Copy>(array: ArrayView3<'_, T>, what: &'static str) -> Result<Array3<T>> {
    let mut copy = vec(array.len(), what)?;
    copy.extend(array.iter().copied());
    Ok(Array3::from_shape_vec(array.dim(), copy).expect("every voxel was copied"))
}

/// Gives free memory of the whole process back to the system. The C library keeps blocks of up to 32 MiB for later, some
/// 70 MiB after a run. It walks through the host's heap as well, which takes up to seconds where that is large: so nothing
/// here calls it unless the host has asked for that.
pub fn give_back() {
    platform::give_back_memory();
}

#[cfg(test)]
mod tests {
    use ndarray::arr0;

    use super::*;

    #[test]
    fn vec_of_more_than_there_is_is_refused_by_name() {
        let error = vec::<u64>(usize::MAX / 32, "a test").unwrap_err();
        assert_eq!(error.name(), "E_OUT_OF_MEMORY");
        assert!(error.to_string().contains("a test"), "{error}");
        assert!(check_free(1 << 10, "a test").is_ok());
    }

    #[test]
    fn copied_volume_is_its_own_and_one_that_finds_no_room_is_refused_by_name() {
        let array = Array3::from_shape_fn((2, 3, 4), |(k, j, i)| 100 * k + 10 * j + i);
        let turned = array.view().reversed_axes();
        let copy = copied(turned, "a test").unwrap();
        assert!(copy == turned && copy.is_standard_layout());
        // One voxel that stands for 128 TiB of them.
        let voxel = arr0(0.0f32);
        let huge = voxel.broadcast((1 << 15, 1 << 15, 1 << 15)).unwrap();
        assert_eq!(copied(huge, "a test").unwrap_err().name(), "E_OUT_OF_MEMORY");
    }

    #[test]
    fn grow_by_more_than_there_is_is_refused_by_name_and_leaves_the_vector_as_it_was() {
        let mut vec = vec![1u64, 2];
        let error = grow(&mut vec, usize::MAX / 32, "a test").unwrap_err();
        assert_eq!((error.name(), vec.as_slice()), ("E_OUT_OF_MEMORY", [1, 2].as_slice()));
        grow(&mut vec, 1 << 10, "a test").unwrap();
        assert!(vec.capacity() >= 2 + (1 << 10));
    }
}
