//! The terminal one sits at.
