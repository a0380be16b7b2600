//! From a CT to nodules: the order of the stages.
