//! Making archives, honest ones with the library and dishonest ones by changing their bytes.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub(super) fn deflated() -> SimpleFileOptions {
    SimpleFileOptions::default()
}

pub(super) fn stored() -> SimpleFileOptions {
    deflated().compression_method(CompressionMethod::Stored)
}

pub(super) fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(entries, deflated())
}

pub(super) fn zip_with(entries: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        match name.strip_suffix('/') {
            Some(folder) => zip.add_directory(folder, options).unwrap(),
            None => {
                zip.start_file(*name, options).unwrap();
                zip.write_all(content).unwrap();
            }
        }
    }
    zip.finish().unwrap().into_inner()
}

pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Where the first local header, directory entry or end record begins.
pub(super) fn place_of(zip: &[u8], signature: &[u8; 4]) -> usize {
    memchr::memmem::find(zip, signature).expect("the archive has such a record")
}

pub(super) const LOCAL: &[u8; 4] = b"PK\x03\x04";
pub(super) const DIRECTORY: &[u8; 4] = b"PK\x01\x02";
pub(super) const END: &[u8; 4] = b"PK\x05\x06";

/// Puts bytes into the local header and the directory entry of the first file, each at its own place in them.
pub(super) fn with_both(mut zip: Vec<u8>, in_local: usize, in_directory: usize, bytes: &[u8]) -> Vec<u8> {
    let local = place_of(&zip, LOCAL) + in_local;
    zip[local..local + bytes.len()].copy_from_slice(bytes);
    with_directory(zip, in_directory, bytes)
}

pub(super) fn with_directory(mut zip: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    let directory = place_of(&zip, DIRECTORY) + at;
    zip[directory..directory + bytes.len()].copy_from_slice(bytes);
    zip
}

/// Replaces a name by one of the same length, wherever it stands.
pub(super) fn renamed(mut zip: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<_> = memchr::memmem::find_iter(&zip, from).collect();
    for place in places {
        zip[place..place + to.len()].copy_from_slice(to.as_bytes());
    }
    zip
}

/// Directory entries that all lead to the first local header.
pub(super) fn with_overlapping_entries(zip: Vec<u8>, copies: usize) -> Vec<u8> {
    let (directory, end) = (place_of(&zip, DIRECTORY), place_of(&zip, END));
    let entry = &zip[directory..end];
    let mut made = zip[..directory].to_vec();
    for number in 0..copies {
        let mut copy = entry.to_vec();
        // The name's first byte tells them apart.
        copy[46] = b'a' + number as u8;
        made.extend(copy);
    }
    let mut end_record = zip[end..].to_vec();
    for at in [8, 10] {
        end_record[at..at + 2].copy_from_slice(&(copies as u16).to_le_bytes());
    }
    end_record[12..16].copy_from_slice(&((entry.len() * copies) as u32).to_le_bytes());
    made.extend(end_record);
    made
}
