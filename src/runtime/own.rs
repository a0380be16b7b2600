//! Values with threads behind them, in a process that may be forked.

use std::{
    mem::ManuallyDrop,
    ops::{Deref, DerefMut},
    process,
};

/// A value that is dropped by the process that made it and by no other: dropping it waits for threads, and those don't
/// follow into a forked process.
#[derive(Debug)]
pub struct OfProcess<T> {
    value: ManuallyDrop<T>,
    process: u32,
}

impl<T> OfProcess<T> {
    pub fn new(value: T) -> Self {
        OfProcess { value: ManuallyDrop::new(value), process: process::id() }
    }
}

impl<T> Deref for OfProcess<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for OfProcess<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> Drop for OfProcess<T> {
    fn drop(&mut self) {
        if self.process == process::id() {
            // SAFETY: it is dropped here alone, and nothing reads it afterwards.
            unsafe { ManuallyDrop::drop(&mut self.value) };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[test]
    fn of_process_is_dropped_by_its_own_process_alone() {
        let value = Rc::new(());
        drop(OfProcess::new(value.clone()));
        assert_eq!(Rc::strong_count(&value), 1);
        let mut of_parent = OfProcess::new(value.clone());
        of_parent.process += 1;
        drop(of_parent);
        assert_eq!(Rc::strong_count(&value), 2, "left as it is");
    }
}
