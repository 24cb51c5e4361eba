//! WhatsApp, through Twilio.
