//! Twilio's messaging APIs with WhatsApp behind them, simulated.
