//! Writes the names file.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::net::IpAddr;

use gapura_model::ListNumber;

use super::{BLOCK, FORMAT, HEAD, ListFiles, MAGIC, code};
use crate::build::{ListHead, NameLines, Span};
use crate::file::Fresh;
use crate::{Place, varint};

/// zstd's level: what is written once and read rarely.
const LEVEL: i32 = 3;

/// A names file being written, name by name in sorted order.
#[derive(Debug)]
pub(crate) struct NamesWriter {
    file: Fresh,
    root: [u8; 32],
    at: u64,
    block: Vec<u8>,
    last: Vec<u8>,
    first: Vec<u8>,
    table: Vec<u8>,
    blocks: u64,
    spans: Vec<u8>,
    span_count: u64,
}

impl NamesWriter {
    pub(crate) fn new(mut file: Fresh, root: &[u8; 32]) -> io::Result<Self> {
        file.write_all(&[0; HEAD])?;
        Ok(Self {
            file,
            root: *root,
            at: HEAD as u64,
            block: Vec::with_capacity(BLOCK + 1024),
            last: Vec::new(),
            first: Vec::new(),
            table: Vec::new(),
            blocks: 0,
            spans: Vec::new(),
            span_count: 0,
        })
    }

    pub(crate) fn name(&mut self, name: &NameLines<'_>, numbers: &[ListNumber]) -> io::Result<()> {
        if self.block.is_empty() {
            self.first = name.reversed.to_vec();
            self.last.clear();
        }
        let shared = self.last.iter().zip(name.reversed).take_while(|(a, b)| a == b).count();
        let rest = name.reversed.get(shared..).unwrap_or_default();
        varint::put(&mut self.block, shared as u64);
        varint::put(&mut self.block, rest.len() as u64);
        self.block.extend_from_slice(rest);
        let mut lines = Vec::new();
        for line in name.lines() {
            let number = numbers.get(usize::from(line.list)).copied().unwrap_or(ListNumber(0));
            lines.push((number, line.place, code(line.reach, line.deed)));
        }
        // Lists were sorted by when they were begun.
        lines.sort_unstable();
        varint::put(&mut self.block, lines.len() as u64);
        for (number, place, code) in lines {
            self.block.extend([number.0, code]);
            put_place(&mut self.block, place);
        }
        self.last.clear();
        self.last.extend_from_slice(name.reversed);
        if self.block.len() >= BLOCK { self.flush() } else { Ok(()) }
    }

    pub(crate) fn span(&mut self, span: &Span, numbers: &[ListNumber]) {
        let number = numbers.get(usize::from(span.list)).copied().unwrap_or(ListNumber(0));
        self.spans.extend([number.0, u8::from(!span.holds), u8::from(span.first.is_ipv6())]);
        for address in [span.first, span.last] {
            match address {
                IpAddr::V4(address) => self.spans.extend(address.octets()),
                IpAddr::V6(address) => self.spans.extend(address.octets()),
            }
        }
        put_place(&mut self.spans, span.place);
        self.span_count += 1;
    }

    pub(crate) fn finish(mut self, heads: &BTreeMap<ListNumber, &ListHead>) -> io::Result<()> {
        if !self.block.is_empty() {
            self.flush()?;
        }
        let lists: Vec<ListFiles> =
            heads.values().map(|head| ListFiles { id: head.id.to_string(), files: head.files.clone() }).collect();
        let lists = serde_json::to_vec(&lists)?;
        let mut directory = Vec::new();
        varint::put(&mut directory, self.blocks);
        directory.extend_from_slice(&self.table);
        varint::put(&mut directory, self.span_count);
        directory.extend_from_slice(&self.spans);
        varint::put(&mut directory, lists.len() as u64);
        directory.extend_from_slice(&lists);
        let directory = zstd::bulk::compress(&directory, LEVEL)?;
        self.file.write_all(&directory)?;
        let mut head = Vec::with_capacity(HEAD);
        head.extend_from_slice(MAGIC);
        head.extend_from_slice(&u64::from(FORMAT).to_le_bytes());
        head.extend_from_slice(&self.root);
        head.extend_from_slice(&self.at.to_le_bytes());
        head.extend_from_slice(&(directory.len() as u64).to_le_bytes());
        self.file.write_front(&head)?;
        self.file.keep()
    }

    fn flush(&mut self) -> io::Result<()> {
        let packed = zstd::bulk::compress(&self.block, LEVEL)?;
        self.file.write_all(&packed)?;
        varint::put(&mut self.table, self.first.len() as u64);
        self.table.extend_from_slice(&self.first);
        varint::put(&mut self.table, packed.len() as u64);
        self.at += packed.len() as u64;
        self.blocks += 1;
        self.block.clear();
        Ok(())
    }
}

fn put_place(to: &mut Vec<u8>, place: Place) {
    varint::put(to, place.file.into());
    varint::put(to, place.line.into());
}
