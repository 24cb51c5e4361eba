//! Buttons below a message.

use teloxide::types::{InlineKeyboardButton, InlineKeyboardMarkup, WebAppInfo};

use super::errors::refused;
use super::managed;
use crate::channel::ChannelError;
use crate::chat::{Button, Outbound};

/// Longest `callback_data` (Bot API, `InlineKeyboardButton`).
const ID_BYTES_MAX: usize = 64;

/// Two buttons share a row when both labels are this short, in characters: more would be cut on a
/// phone.
const SHORT_CHARS: usize = 14;

/// The keyboard of this message of the bot of that name, if it has buttons.
pub(super) fn of(
    message: &Outbound,
    bot: &str,
) -> Result<Option<InlineKeyboardMarkup>, ChannelError> {
    let mut rows: Vec<Vec<InlineKeyboardButton>> = Vec::new();
    if let Some(page) = &message.page {
        let url = page.url.parse().map_err(|_| refused("a page without a URL"))?;
        rows.push(vec![InlineKeyboardButton::web_app(&page.label, WebAppInfo { url })]);
    }
    let mut free = false;
    for button in &message.buttons {
        let is_short = button.label.chars().count() <= SHORT_CHARS;
        let key = key(button, bot)?;
        match rows.last_mut() {
            Some(row) if free && is_short => {
                row.push(key);
                free = false;
            }
            _ => {
                rows.push(vec![key]);
                free = is_short;
            }
        }
    }
    Ok((!rows.is_empty()).then(|| InlineKeyboardMarkup::new(rows)))
}

fn key(button: &Button, bot: &str) -> Result<InlineKeyboardButton, ChannelError> {
    if let Some(page) = managed::page(button, bot) {
        return Ok(InlineKeyboardButton::url(&button.label, page));
    }
    if button.id.len() > ID_BYTES_MAX {
        return Err(refused("a button's id is too long"));
    }
    Ok(InlineKeyboardButton::callback(&button.label, &button.id))
}
