//! The C ABI: what leaves the library, one file an object.
