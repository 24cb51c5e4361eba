//! A screen that only understands what ours may write, and panics at anything else.

use std::io::{self, Write};
use std::sync::Arc;

use parking_lot::Mutex;

#[derive(Clone)]
pub struct FakeScreen(Arc<Mutex<ScreenCells>>);

struct ScreenCells {
    columns: usize,
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
    escape: Option<String>,
}

impl FakeScreen {
    pub fn new(columns: usize) -> Self {
        let cells = ScreenCells { columns, rows: vec![vec![]], row: 0, column: 0, escape: None };
        Self(Arc::new(Mutex::new(cells)))
    }

    /// The visible text, one string for each row.
    pub fn seen(&self) -> Vec<String> {
        self.0.lock().rows.iter().map(|row| row.iter().collect()).collect()
    }
}

impl Write for FakeScreen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut cells = self.0.lock();
        for c in std::str::from_utf8(bytes).unwrap().chars() {
            cells.put(c);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ScreenCells {
    fn put(&mut self, c: char) {
        if let Some(mut escape) = self.escape.take() {
            escape.push(c);
            if c == '[' || c.is_ascii_digit() {
                self.escape = Some(escape);
            } else {
                self.obey(&escape);
            }
            return;
        }
        match c {
            '\u{1b}' => self.escape = Some(String::new()),
            '\r' => self.column = 0,
            '\n' => self.move_to(self.row + 1, 0),
            c if c.is_control() => panic!("control character {c:?} reached the screen"),
            c => self.print(c),
        }
    }

    fn print(&mut self, c: char) {
        if self.column == self.columns {
            self.move_to(self.row + 1, 0);
        }
        let column = self.column;
        self.rows[self.row].truncate(column);
        self.rows[self.row].push(c);
        self.column += 1;
    }

    fn move_to(&mut self, row: usize, column: usize) {
        while self.rows.len() <= row {
            self.rows.push(vec![]);
        }
        (self.row, self.column) = (row, column);
    }

    fn obey(&mut self, escape: &str) {
        let (row, column) = (self.row, self.column);
        match escape {
            "[K" => self.rows[row].truncate(column),
            "[J" => {
                self.rows[row].truncate(column);
                self.rows.truncate(row + 1);
            }
            up => {
                let up = up.strip_prefix('[').and_then(|up| up.strip_suffix('A'));
                let up: usize = up.expect("an unknown sequence").parse().unwrap();
                self.move_to(row.checked_sub(up).expect("above the screen"), column);
            }
        }
    }
}
