//! Chat services as vendors: is this bot or number the person's, what does it serve, and where does it
//! lead.
