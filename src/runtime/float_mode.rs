//! The floating-point mode of a thread: rounding, flush to zero, masked exceptions.
//!
//! Rust code and the networks count on the standard mode; a host may have set another one, and ONNX Runtime sets some of
//! it by itself. So the library works in the standard mode and leaves the host's as it was.

/// Runs `work` in the standard mode: to nearest, with subnormal numbers, no exception trapped. Afterwards, also after a
/// panic, the mode is what it was.
pub fn standard<T>(work: impl FnOnce() -> T) -> T {
    within(state::STANDARD, work)
}

/// The mode of this thread, to be given to [`within`].
pub fn current() -> u64 {
    state::get()
}

/// Runs `work` in `mode`; afterwards, also after a panic, the mode is what it was.
pub fn within<T>(mode: u64, work: impl FnOnce() -> T) -> T {
    struct Back(u64);
    impl Drop for Back {
        fn drop(&mut self) {
            state::set(self.0);
        }
    }
    let _back = Back(state::get());
    state::set(mode);
    apart(work)
}

/// A call of its own: the compiler, which knows nothing of modes, moves no arithmetic out of it.
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// MXCSR (Intel SDM vol. 1, 10.2.3). Its low six bits are flags that were raised, not a mode; they go back as well.
#[cfg(target_arch = "x86_64")]
mod state {
    use std::arch::asm;

    /// Every exception masked.
    pub const STANDARD: u64 = 0x1f80;

    pub fn get() -> u64 {
        let mut mode = 0_u32;
        // SAFETY: it writes four bytes to where it is told.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut mode, options(nostack, preserves_flags)) };
        mode.into()
    }

    pub fn set(mode: u64) {
        let mode = mode as u32;
        // SAFETY: the value came from `get` or is the standard one, so no reserved bit is set. No floating-point
        // operation of this library depends on the order: what works in another mode is a host's callback.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const mode, options(nostack, readonly, preserves_flags)) };
    }
}

/// FPCR (Arm ARM, C5.2.8).
#[cfg(target_arch = "aarch64")]
mod state {
    use std::arch::asm;

    /// Every exception untrapped.
    pub const STANDARD: u64 = 0;

    pub fn get() -> u64 {
        let mode;
        // SAFETY: it reads a register.
        unsafe { asm!("mrs {}, fpcr", out(reg) mode, options(nomem, nostack, preserves_flags)) };
        mode
    }

    pub fn set(mode: u64) {
        // SAFETY: as for x86-64.
        unsafe { asm!("msr fpcr, {}", in(reg) mode, options(nomem, nostack, preserves_flags)) };
    }
}

/// Processors whose mode this library doesn't know.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod state {
    pub const STANDARD: u64 = 0;

    pub fn get() -> u64 {
        STANDARD
    }

    pub fn set(_: u64) {}
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use std::hint::black_box;

    use super::*;

    /// Flush to zero and subnormal numbers as zero, all exceptions masked.
    const FLUSHING: u64 = 0x9fc0;

    #[test]
    fn standard_within_another_mode_has_subnormal_numbers_and_brings_the_mode_back() {
        let half = || black_box(f32::MIN_POSITIVE) * black_box(0.5);
        let (flushed, kept, mode) = within(FLUSHING, || (half(), standard(half), current()));
        assert_eq!((flushed, kept), (0.0, f32::MIN_POSITIVE / 2.0));
        assert_eq!(mode & 0xffc0, FLUSHING & 0xffc0);
    }

    #[test]
    fn standard_that_panics_brings_the_mode_back() {
        let mode = within(FLUSHING, || {
            let panicked = std::panic::catch_unwind(|| standard(|| panic!("of the test")));
            assert!(panicked.is_err());
            current()
        });
        assert_eq!(mode & 0xffc0, FLUSHING & 0xffc0);
    }
}
