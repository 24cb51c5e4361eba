//! Discord's REST API and gateway, simulated.
