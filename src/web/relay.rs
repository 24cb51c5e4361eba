//! The routes of a relay.
