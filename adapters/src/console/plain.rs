//! Message text without control characters, and its width on a terminal.

/// A tab, as wide as most terminals would draw it in the middle of a line.
const TAB: &str = "    ";

/// The lines of `text` without anything that could drive a terminal: no escape, no other C0 or C1
/// control character, no change of writing direction.
pub(super) fn lines(text: &str) -> Vec<String> {
    text.split('\n').map(line).collect()
}

/// One harmless line; line breaks within it become spaces.
pub(super) fn line(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => plain.push_str(TAB),
            '\n' => plain.push(' '),
            c if c.is_control() || changes_direction(c) => {}
            c => plain.push(c),
        }
    }
    plain
}

fn changes_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `line` in rows of at most `columns`, broken between words. A word that is longer than a row,
/// such as a link, stays whole, so that it can be copied: the terminal breaks it.
pub(super) fn wrapped(line: &str, columns: usize) -> Vec<String> {
    if width(line) <= columns {
        return vec![line.to_owned()];
    }
    let mut rows = vec![String::new()];
    for word in line.split(' ') {
        let row = rows.last().map_or("", String::as_str);
        let fits = row.is_empty() || width(row) + 1 + width(word) <= columns;
        match rows.last_mut().filter(|_| fits) {
            Some(row) if row.is_empty() => row.push_str(word),
            Some(row) => *row = format!("{row} {word}"),
            None => rows.push(word.to_owned()),
        }
    }
    rows
}

/// Columns that `line` takes, by the ranges that terminals agree upon.
pub(super) fn width(line: &str) -> usize {
    line.chars().map(columns).sum()
}

/// Screen rows that `line` takes when it is wrapped after `columns`.
pub(super) fn rows(line: &str, columns: usize) -> usize {
    width(line).div_ceil(columns.max(1)).max(1)
}

/// The end of `line` that fits into `columns`.
pub(super) fn tail(line: &str, columns: usize) -> &str {
    let mut room = columns;
    for (at, c) in line.char_indices().rev() {
        let Some(left) = room.checked_sub(self::columns(c)) else {
            return &line[at + c.len_utf8()..];
        };
        room = left;
    }
    line
}

/// The start of `line` that fits into `columns`.
pub(super) fn head(line: &str, columns: usize) -> &str {
    let mut room = columns;
    for (at, c) in line.char_indices() {
        let Some(left) = room.checked_sub(self::columns(c)) else {
            return &line[..at];
        };
        room = left;
    }
    line
}

fn columns(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{20d0}'..='\u{20ff}' => 0,
        '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0000}'..='\u{e0fff}' => 0,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' => 2,
        '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' => 2,
        '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}
