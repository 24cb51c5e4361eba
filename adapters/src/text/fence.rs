//! Code fences of Markdown, with the lines that open and close them.

/// An open code fence.
#[derive(Clone, Copy)]
pub(super) struct Fence<'a> {
    /// The line that opens it, with its language.
    header: &'a str,
    /// The backticks of that line, which also close it.
    marker: &'a str,
}

/// A header longer than one part in this many of a message is opened again without its language.
const HEADER_SHARE: usize = 4;

/// Backticks longer than one part in this many of a message are no fence to us: closing and opening
/// it again would leave no room for the text.
const MARKER_SHARE: usize = 8;

impl<'a> Fence<'a> {
    /// The fence that is open after `line`, given the one that was open before it.
    pub(super) fn after(open: Option<Self>, line: &'a str, max: usize) -> Option<Self> {
        let line = line.trim_end();
        let trimmed = line.trim_start_matches(' ');
        let info = trimmed.trim_start_matches('`');
        let marker = &trimmed[..trimmed.len() - info.len()];
        match open {
            Some(fence) if info.is_empty() && marker.len() >= fence.marker.len() => None,
            Some(fence) => Some(fence),
            None if marker.len() < 3 || marker.len() > max / MARKER_SHARE => None,
            None if info.contains('`') => None,
            None if trimmed.len() > max / HEADER_SHARE => Some(Self { header: marker, marker }),
            None => Some(Self { header: trimmed, marker }),
        }
    }

    /// The line that opens it again at the start of a message.
    pub(super) fn opening(self) -> String {
        format!("{}\n", self.header)
    }

    /// The line that closes it at the end of a message with this body.
    pub(super) fn closing(self, body: &str) -> String {
        let line_break = if body.ends_with('\n') { "" } else { "\n" };
        format!("{line_break}{}", self.marker)
    }

    /// The longest that [`Self::closing`] can be; the same in every unit.
    pub(super) fn closing_length(self) -> usize {
        self.marker.len() + 1
    }
}
