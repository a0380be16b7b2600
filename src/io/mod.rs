//! Reading CTs and writing volumes.
