//! Rules of stored records that every backend shares: the hash of a key and the checksum of a record.
