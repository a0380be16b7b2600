//! From a borrowed view to voxels of this library's own, checked before the first voxel is read.

use ndarray::Array3;

use super::{pointers::refuse, structs, volume::sam2lung_volume};
use crate::{
    error::{Error, Result},
    limits::MAX_VOXELS,
    memory,
    space::grid::Grid,
};

/// How a voxel is stored, by its number in C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoxelType {
    Int16,
    Uint16,
    Int32,
    Float32,
    Float64,
    Uint8,
}

impl VoxelType {
    fn of(number: i32) -> Option<(Self, usize)> {
        Some(match number {
            1 => (VoxelType::Int16, 2),
            2 => (VoxelType::Uint16, 2),
            3 => (VoxelType::Int32, 4),
            4 => (VoxelType::Float32, 4),
            5 => (VoxelType::Float64, 8),
            6 => (VoxelType::Uint8, 1),
            _ => return None,
        })
    }
}

/// A view that was checked: every voxel of it lies in the caller's buffer.
#[derive(Debug, Clone)]
pub struct View {
    /// Where the voxels lie in the patient.
    pub grid: Grid,
    /// How they are stored.
    pub kind: VoxelType,
    /// Voxel (0, 0, 0).
    first: *const u8,
    /// Bytes from a voxel to the next along i, j, k.
    strides: [isize; 3],
}

impl View {
    /// Checks the caller's struct.
    ///
    /// # Safety
    /// `volume` is NULL or points to a struct whose voxels stay, unchanged, while this view is used.
    ///
    /// # Errors
    /// [`Error::Argument`] that names the field, or what [`Grid::from_ijk_to_ras`] and [`Error::TooLarge`] refuse.
    pub unsafe fn of(volume: *const sam2lung_volume, argument: &str) -> Result<Self> {
        if volume.is_null() {
            return Err(refuse(argument, "NULL", "a volume"));
        }
        // SAFETY: it isn't NULL, and the caller says what it points to.
        let volume = unsafe { structs::read(volume, argument) }?;
        let field = |name: &str| format!("{argument}->{name}");
        let (kind, size) = VoxelType::of(volume.voxel_type).ok_or_else(|| {
            refuse(field("voxel_type"), volume.voxel_type.to_string(), "a sam2lung_voxel_type, 1 to 6")
        })?;
        if volume.voxels.is_null() {
            return Err(refuse(field("voxels"), "NULL", "a pointer to the first voxel"));
        }
        let dims = dims(volume.dims, &field("dims"))?;
        let strides = strides(volume.strides, dims, size, &field("strides"))?;
        let needed = needed(strides, dims, size);
        let check = |name: &str, got: usize, needed: Option<usize>| match needed {
            Some(needed) if needed <= got => Ok(()),
            Some(n) => Err(refuse(field(name), got.to_string(), format!("at least {n} for these dims and strides"))),
            None => Err(refuse(field(name), got.to_string(), "fewer voxels")),
        };
        check("bytes", volume.bytes, needed.map(|needed| needed.on))?;
        check("bytes_before", volume.bytes_before, needed.map(|needed| needed.before))?;
        let grid = Grid::from_ijk_to_ras(dims, &matrix(volume.ijk_to_ras, &field("ijk_to_ras"))?)?;
        Ok(View { grid, kind, first: volume.voxels.cast(), strides })
    }

    /// Every voxel by `of`, in one pass; `step` is called before each slice with its number.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], and what `step` says.
    pub fn map<T>(&self, of: impl Fn(f64) -> T, step: impl FnMut(usize) -> Result<()>) -> Result<Array3<T>> {
        match self.kind {
            VoxelType::Int16 => self.collect(|v: i16| of(v.into()), step),
            VoxelType::Uint16 => self.collect(|v: u16| of(v.into()), step),
            VoxelType::Int32 => self.collect(|v: i32| of(v.into()), step),
            VoxelType::Float32 => self.collect(|v: f32| of(v.into()), step),
            VoxelType::Float64 => self.collect(of, step),
            VoxelType::Uint8 => self.collect(|v: u8| of(v.into()), step),
        }
    }

    /// As [`View::map`], from voxels that are stored as `S`, which is what [`View::kind`] says.
    pub fn collect<S: Copy, T>(
        &self,
        of: impl Fn(S) -> T,
        mut step: impl FnMut(usize) -> Result<()>,
    ) -> Result<Array3<T>> {
        let [width, height, depth] = self.grid.dims;
        let [along_i, along_j, along_k] = self.strides;
        let mut voxels = memory::vec(width * height * depth, "the volume")?;
        for k in 0..depth {
            step(k)?;
            for j in 0..height {
                let at = k as isize * along_k + j as isize * along_j;
                // SAFETY: `View::of` found that every voxel lies in the caller's buffer; they needn't be aligned.
                let voxel =
                    |i: usize| unsafe { self.first.offset(at + i as isize * along_i).cast::<S>().read_unaligned() };
                voxels.extend((0..width).map(|i| of(voxel(i))));
            }
        }
        Ok(Array3::from_shape_vec(self.grid.shape(), voxels).expect("every voxel was read"))
    }
}

/// Dimensions of at least one voxel, few enough for a run.
///
/// # Errors
/// [`Error::Argument`] that names `field`, or [`Error::TooLarge`].
pub fn dims(dims: [i64; 3], field: &str) -> Result<[usize; 3]> {
    let words = || format!("{} x {} x {}", dims[0], dims[1], dims[2]);
    if dims.iter().any(|n| *n < 1) {
        return Err(refuse(field, words(), "at least 1 each"));
    }
    match dims.iter().try_fold(1u64, |product, n| product.checked_mul(*n as u64)) {
        Some(voxels) if voxels <= MAX_VOXELS => Ok(dims.map(|n| n as usize)),
        Some(got) => Err(Error::TooLarge { got, limit: MAX_VOXELS }),
        None => Err(refuse(field, words(), format!("at most {MAX_VOXELS} voxels in all"))),
    }
}

/// Steps between voxels, none of which overlaps another.
fn strides(strides: [i64; 3], dims: [usize; 3], size: usize, field: &str) -> Result<[isize; 3]> {
    if strides == [0; 3] {
        return Ok([size, size * dims[0], size * dims[0] * dims[1]].map(|step| step as isize));
    }
    let words =
        || format!("{}, {}, {} for {} x {} x {}", strides[0], strides[1], strides[2], dims[0], dims[1], dims[2]);
    if strides.iter().any(|stride| stride.unsigned_abs() < size as u64 || isize::try_from(*stride).is_err()) {
        return Err(refuse(
            field,
            words(),
            format!("all 0 (packed), or at least {size} bytes each in either direction, the size of a voxel"),
        ));
    }
    let steps = strides.map(|stride| stride.unsigned_abs() as usize);
    // In the order of their steps each axis has to reach beyond all that the axes before it cover.
    let mut order = [0, 1, 2];
    order.sort_by_key(|axis| steps[*axis]);
    let mut covered = size;
    for axis in order.into_iter().filter(|axis| dims[*axis] > 1) {
        if steps[axis] < covered {
            return Err(refuse(field, words(), "steps with which no voxel overlaps another"));
        }
        covered = steps[axis].saturating_mul(dims[axis] - 1).saturating_add(covered);
    }
    Ok(strides.map(|stride| stride as isize))
}

/// How far voxels reach from voxel (0, 0, 0), in bytes.
#[derive(Debug, Clone, Copy)]
struct Reach {
    /// To the end of the last.
    on: usize,
    /// Back to the first one in memory.
    before: usize,
}

/// `None` when no buffer is so large.
fn needed(strides: [isize; 3], dims: [usize; 3], size: usize) -> Option<Reach> {
    let (mut on, mut before) = (size, 0usize);
    for (stride, voxels) in strides.into_iter().zip(dims) {
        let reach = stride.unsigned_abs().checked_mul(voxels - 1)?;
        let side = if stride < 0 { &mut before } else { &mut on };
        *side = side.checked_add(reach)?;
    }
    let all = on.checked_add(before)?;
    isize::try_from(all).is_ok().then_some(Reach { on, before })
}

/// The rows of a row-major matrix from voxel indices to RAS millimetres.
///
/// # Errors
/// [`Error::Argument`] that names `field`.
pub fn matrix(flat: [f64; 16], field: &str) -> Result<[[f64; 4]; 4]> {
    let rows = [0, 1, 2, 3].map(|row: usize| [0, 1, 2, 3].map(|column: usize| flat[4 * row + column]));
    if rows[3] != [0.0, 0.0, 0.0, 1.0] {
        let got = format!("a matrix whose last row is {:?}", rows[3]);
        return Err(refuse(field, got, "[0, 0, 0, 1] there: row-major, millimetres"));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A buffer whose bytes from `shift` on are the voxels 0, 1, 2, … of type i16, and its view.
    fn view(dims: [i64; 3], strides: [i64; 3], shift: usize, buffer: &mut Vec<u8>) -> sam2lung_volume {
        let steps = if strides == [0; 3] { [2, 2 * dims[0], 2 * dims[0] * dims[1]] } else { strides };
        let before: i64 = (0..3).map(|a| (steps[a] * (dims[a] - 1)).min(0)).sum::<i64>().abs();
        let after: i64 = (0..3).map(|a| (steps[a] * (dims[a] - 1)).max(0)).sum();
        let first = shift + before as usize;
        let at = |ijk: [i64; 3]| (first as i64 + (0..3).map(|a| ijk[a] * steps[a]).sum::<i64>()) as usize;
        buffer.resize(first + after as usize + 2, 0xee);
        let mut value = 0i16;
        for k in 0..dims[2] {
            for j in 0..dims[1] {
                for i in 0..dims[0] {
                    buffer[at([i, j, k])..][..2].copy_from_slice(&value.to_ne_bytes());
                    value += 1;
                }
            }
        }
        let mut ijk_to_ras = [0.0; 16];
        [0, 5, 10, 15].into_iter().for_each(|n| ijk_to_ras[n] = 1.0);
        sam2lung_volume {
            voxels: buffer[first..].as_ptr().cast(),
            bytes: buffer.len() - first,
            bytes_before: before as usize,
            voxel_type: 1,
            dims,
            strides,
            ijk_to_ras,
            ..<sam2lung_volume as structs::Abi>::DEFAULT
        }
    }

    #[test]
    fn view_any_strides_and_any_alignment_give_the_same_voxels() {
        // Packed, with padded rows, k fastest, and interleaved with another channel; each at an even and an odd address.
        // And backwards: as NumPy's flipped arrays lie.
        let backwards = [[2, -8, 40], [-2, -8, -40], [2, 8, -40], [-30, 6, 2]];
        for strides in [[0, 0, 0], [2, 10, 50], [60, 10, 2], [6, 24, 120], [30, 6, 2]].into_iter().chain(backwards) {
            for shift in [0, 1] {
                let mut buffer = Vec::new();
                let volume = view([4, 5, 3], strides, shift, &mut buffer);
                // SAFETY: the buffer stays until the end of this block.
                let view = unsafe { View::of(&volume, "volume") }.unwrap();
                let voxels = view.map(|value| value as i16, |_| Ok(())).unwrap();
                assert_eq!(
                    voxels,
                    Array3::from_shape_vec((3, 5, 4), (0..60).collect()).unwrap(),
                    "{strides:?} {shift}"
                );
            }
        }
    }

    #[test]
    fn view_strides_with_which_voxels_overlap_are_refused() {
        for strides in [[2, 2, 40], [2, 6, 40], [40, 2, 40], [2, 8, 38], [1, 8, 40], [-2, 6, 40], [0, 8, 40]] {
            let mut buffer = Vec::new();
            let volume = sam2lung_volume { strides, ..view([4, 5, 3], [0; 3], 0, &mut buffer) };
            // SAFETY: nothing is read through it.
            let error = unsafe { View::of(&volume, "volume") }.unwrap_err();
            assert!(error.to_string().contains("volume->strides"), "{strides:?}: {error}");
        }
    }

    #[test]
    fn view_that_leaves_the_buffer_by_a_byte_is_refused() {
        for strides in [[0, 0, 0], [6, 24, 120]] {
            let mut buffer = Vec::new();
            let mut volume = view([4, 5, 3], strides, 0, &mut buffer);
            // SAFETY: nothing is read through it.
            assert!(unsafe { View::of(&volume, "volume") }.is_ok());
            volume.bytes -= 1;
            // SAFETY: nothing is read through it.
            let error = unsafe { View::of(&volume, "volume") }.unwrap_err();
            assert!(error.to_string().contains("volume->bytes"), "{error}");
        }
    }

    #[test]
    fn view_that_begins_a_byte_before_the_buffer_is_refused() {
        let mut buffer = Vec::new();
        let mut volume = view([4, 5, 3], [2, -8, 40], 0, &mut buffer);
        assert_eq!(volume.bytes_before, 32);
        volume.bytes_before -= 1;
        // SAFETY: nothing is read through it.
        let error = unsafe { View::of(&volume, "volume") }.unwrap_err();
        assert!(error.to_string().contains("volume->bytes_before is 31; expected at least 32"), "{error}");
    }

    #[test]
    fn view_whose_strides_overflow_is_refused() {
        for stride in [i64::MIN, i64::MAX] {
            let mut buffer = Vec::new();
            let volume = sam2lung_volume { strides: [2, 8, stride], ..view([4, 5, 3], [0; 3], 0, &mut buffer) };
            // SAFETY: nothing is read through it.
            assert_eq!(unsafe { View::of(&volume, "volume") }.unwrap_err().name(), "E_ARGUMENT");
        }
    }
}
