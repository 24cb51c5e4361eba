//! The routes of a VM.
