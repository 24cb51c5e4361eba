//! The pages, in a real browser on a screen of a phone: Debian's Chromium by ChromeDriver, where
//! `CHROMEDRIVER_BIN` and `CHROMIUM_BIN` say where they are. `SCREENSHOTS` is where pictures go.

mod chat;
mod driver;
mod form;
