//! The routes of the hosted onboarding bot.
