//! The bytes of one entry: unpacked, counted, limited and checked to the last one.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use flate2::{Decompress, FlushDecompress, Status};

use super::{Allowance, CsvEntry, FileProblem, Packing};
use crate::limits::Limits;

/// Packed bytes read from the file at once.
const PACKED_BUFFER_BYTES: usize = 128 * 1024;

/// Unpacks a CSV out of a zip. It ends only after size and CRC were found right; every failure is an [`io::Error`]
/// that [`FileProblem::from`] turns back into what it is, and after one it stays failed.
pub struct EntryReader {
    packed: PackedBytes,
    unpacker: Unpacker,
    crc: crc32fast::Hasher,
    csv_bytes: u64,
    declared: CsvEntry,
    allowance: Allowance,
    state: State,
}

enum Unpacker {
    Stored,
    Deflated(Box<Decompress>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    /// The last packed byte was unpacked; size and CRC are still to be checked.
    Unpacked,
    Ended,
    Failed,
}

impl EntryReader {
    pub(super) fn open(mut file: File, entry: &CsvEntry, limits: &Limits) -> Result<Self, FileProblem> {
        file.seek(SeekFrom::Start(entry.data_offset))?;
        Ok(EntryReader {
            packed: PackedBytes::new(file.take(entry.packed_bytes)),
            unpacker: match entry.packing {
                Packing::Stored => Unpacker::Stored,
                Packing::Deflated => Unpacker::Deflated(Box::new(Decompress::new(false))),
            },
            crc: crc32fast::Hasher::new(),
            csv_bytes: 0,
            allowance: Allowance::of(entry, limits),
            declared: entry.clone(),
            state: State::Reading,
        })
    }

    fn read_checked(&mut self, out: &mut [u8]) -> Result<usize, FileProblem> {
        while self.state == State::Reading {
            let unpacked = match &mut self.unpacker {
                Unpacker::Stored => self.packed.copy_to(out)?,
                Unpacker::Deflated(inflater) => {
                    inflate(inflater, &mut self.packed, out).map_err(|failure| failure.at(self.csv_bytes))?
                }
            };
            if unpacked.is_last {
                self.state = State::Unpacked;
            }
            if unpacked.bytes > 0 {
                self.account(&out[..unpacked.bytes])?;
                return Ok(unpacked.bytes);
            }
        }
        if self.state == State::Unpacked {
            self.check_end()?;
            self.state = State::Ended;
        }
        Ok(0)
    }

    fn account(&mut self, unpacked: &[u8]) -> Result<(), FileProblem> {
        self.csv_bytes += unpacked.len() as u64;
        self.allowance.check(self.csv_bytes)?;
        if self.csv_bytes > self.declared.csv_bytes {
            return Err(
                self.damaged(format!("it goes on past the {} bytes that are declared", self.declared.csv_bytes))
            );
        }
        self.crc.update(unpacked);
        Ok(())
    }

    fn check_end(&self) -> Result<(), FileProblem> {
        if self.csv_bytes != self.declared.csv_bytes {
            return Err(self.damaged(format!("it ends before the {} bytes that are declared", self.declared.csv_bytes)));
        }
        if self.packed.is_left() {
            return Err(self.damaged("packed bytes are left over behind its end".to_owned()));
        }
        let found = self.crc.clone().finalize();
        if found != self.declared.crc32 {
            let declared = self.declared.crc32;
            return Err(self.damaged(format!("its CRC is {found:08x}, declared is {declared:08x}")));
        }
        Ok(())
    }

    fn damaged(&self, reason: String) -> FileProblem {
        FileProblem::Damaged { reason, byte: self.csv_bytes }
    }
}

impl Read for EntryReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        if self.state == State::Failed {
            return Err(self.damaged("reading it failed before".to_owned()).into());
        }
        self.read_checked(out).map_err(|problem| {
            self.state = State::Failed;
            problem.into()
        })
    }
}

impl fmt::Debug for EntryReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EntryReader { declared, csv_bytes, state, .. } = self;
        f.debug_struct("EntryReader")
            .field("declared", declared)
            .field("csv_bytes", csv_bytes)
            .field("state", state)
            .finish_non_exhaustive()
    }
}

/// What one step of unpacking gave.
struct Unpacked {
    bytes: usize,
    is_last: bool,
}

enum InflateFailure {
    Damaged(&'static str),
    Io(io::Error),
}

impl InflateFailure {
    fn at(self, byte: u64) -> FileProblem {
        match self {
            InflateFailure::Damaged(reason) => FileProblem::Damaged { reason: reason.to_owned(), byte },
            InflateFailure::Io(error) => FileProblem::Io(error),
        }
    }
}

/// One step: it gives bytes, or the end, or has taken packed bytes; it never stands still.
fn inflate(inflater: &mut Decompress, packed: &mut PackedBytes, out: &mut [u8]) -> Result<Unpacked, InflateFailure> {
    let available = packed.available().map_err(InflateFailure::Io)?;
    let nothing_left = available.is_empty();
    let (taken_before, given_before) = (inflater.total_in(), inflater.total_out());
    let status = inflater
        .decompress(available, out, FlushDecompress::None)
        .map_err(|_| InflateFailure::Damaged("its deflate stream is broken"))?;
    let taken = (inflater.total_in() - taken_before) as usize;
    let bytes = (inflater.total_out() - given_before) as usize;
    packed.take(taken);
    match status {
        Status::StreamEnd => Ok(Unpacked { bytes, is_last: true }),
        _ if bytes == 0 && nothing_left => Err(InflateFailure::Damaged("its deflate stream is cut off")),
        _ if bytes == 0 && taken == 0 => Err(InflateFailure::Damaged("its deflate stream does not go on")),
        _ => Ok(Unpacked { bytes, is_last: false }),
    }
}

/// The packed bytes of the entry, through one reused buffer.
struct PackedBytes {
    file: io::Take<File>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl PackedBytes {
    fn new(file: io::Take<File>) -> Self {
        PackedBytes { file, buffer: vec![0; PACKED_BUFFER_BYTES], start: 0, end: 0 }
    }

    /// Packed bytes at hand; none only at their end.
    fn available(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.start = 0;
            self.end = self.file.read(&mut self.buffer)?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn take(&mut self, bytes: usize) {
        self.start += bytes;
    }

    fn is_left(&self) -> bool {
        self.start < self.end || self.file.limit() > 0
    }

    fn copy_to(&mut self, out: &mut [u8]) -> io::Result<Unpacked> {
        let bytes = self.file.read(out)?;
        Ok(Unpacked { bytes, is_last: bytes == 0 })
    }
}
