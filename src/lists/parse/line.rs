//! Lines of bounded length, ended by LF, CR LF or CR.

use std::io::{self, BufRead, BufReader, Read};

use super::LONGEST_LINE;

/// A line read.
#[derive(Debug)]
pub(super) enum Read1<'a> {
    /// Without its end.
    Line(&'a [u8]),
    /// The first octets of one that is longer than [`LONGEST_LINE`].
    TooLong(&'a [u8]),
}

pub(super) struct LineReader<R> {
    from: BufReader<R>,
    line: Vec<u8>,
    after_cr: bool,
}

impl<R: Read> LineReader<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from: BufReader::with_capacity(64 * 1024, from), line: Vec::with_capacity(256), after_cr: false }
    }

    /// The next line; `None` at the end. A last line without an end is a line.
    pub(super) fn next(&mut self) -> io::Result<Option<Read1<'_>>> {
        self.line.clear();
        let mut long = false;
        let mut some = false;
        loop {
            let octets = match self.from.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            // The LF of a CR LF: its line was given at the CR.
            if self.after_cr {
                self.after_cr = false;
                if octets.first() == Some(&b'\n') {
                    self.from.consume(1);
                    continue;
                }
            }
            if octets.is_empty() {
                break;
            }
            some = true;
            let end = octets.iter().position(|&octet| octet == b'\n' || octet == b'\r');
            let (line, ended) = octets.split_at(end.unwrap_or(octets.len()));
            let room = LONGEST_LINE - self.line.len();
            long |= line.len() > room;
            self.line.extend(line.iter().take(room));
            self.after_cr = ended.first() == Some(&b'\r');
            let used = line.len() + usize::from(end.is_some());
            self.from.consume(used);
            if end.is_some() {
                break;
            }
        }
        Ok(match (some, long) {
            (false, _) => None,
            (true, false) => Some(Read1::Line(&self.line)),
            (true, true) => Some(Read1::TooLong(&self.line)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<String> {
        let mut reader = LineReader::new(text);
        let mut lines = Vec::new();
        while let Some(line) = reader.next().unwrap() {
            lines.push(match line {
                Read1::Line(line) => String::from_utf8_lossy(line).into_owned(),
                Read1::TooLong(line) => format!("long {}", line.len()),
            });
        }
        lines
    }

    #[test]
    fn all_three_line_ends_end_a_line() {
        assert_eq!(lines(b"a\nb\r\nc\rd"), ["a", "b", "c", "d"]);
        assert_eq!(lines(b"\n\r\n\r"), ["", "", ""]);
        assert_eq!(lines(b""), Vec::<String>::new());
    }

    #[test]
    fn long_lines_are_cut_and_said_to_be_long() {
        let mut text = vec![b'x'; 300_000];
        text.extend(b"\nshort\n");
        text.extend(vec![b'y'; LONGEST_LINE]);
        let read = lines(&text);
        assert_eq!(read[..2], ["long 4096", "short"]);
        assert_eq!(read[2].len(), LONGEST_LINE);
    }
}
