//! Reading ahead: a source is read on a thread of its own, so that unpacking and cutting into rows overlap.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

/// Bytes of one chunk: large enough that a hand-over is rare, small enough for a second-level cache.
pub const CHUNK_BYTES: usize = 256 * 1024;
/// Chunks in circulation: one being filled, one being read, two between them.
pub const CHUNKS: usize = 4;

/// A source read ahead on its own thread in [`CHUNKS`] pooled chunks of [`CHUNK_BYTES`]. Bytes and errors arrive in
/// the order in which the source gave them. Dropping it ends the thread and waits for it.
#[derive(Debug)]
pub struct InflateAhead {
    exchange: Option<Exchange>,
    chunk: Chunk,
    read: usize,
    reader: Option<JoinHandle<()>>,
}

/// The reading side's ends of the two channels; gone once the source has ended or failed.
#[derive(Debug)]
struct Exchange {
    filled: Receiver<Delivery>,
    emptied: Sender<Chunk>,
}

#[derive(Debug, Default)]
struct Chunk {
    bytes: Vec<u8>,
    filled: usize,
}

enum Delivery {
    Bytes(Chunk),
    End,
    Failed(io::Error),
}

impl InflateAhead {
    /// Starts reading `source` ahead.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub fn start(source: impl Read + Send + 'static) -> io::Result<Self> {
        let (deliver, filled) = sync_channel(CHUNKS);
        let (emptied, pool) = channel();
        for _ in 0..CHUNKS {
            emptied.send(Chunk { bytes: vec![0; CHUNK_BYTES], filled: 0 }).expect("the pool is held right here");
        }
        let reader = thread::Builder::new()
            .name("inflate-ahead".to_owned())
            .spawn(move || read_ahead(source, &pool, &deliver))?;
        Ok(InflateAhead {
            exchange: Some(Exchange { filled, emptied }),
            chunk: Chunk::default(),
            read: 0,
            reader: Some(reader),
        })
    }

    /// Swaps the chunk that was read for the next filled one. `false` at the end.
    fn next_chunk(&mut self) -> io::Result<bool> {
        let Some(exchange) = &self.exchange else { return Ok(false) };
        let delivery = exchange.filled.recv();
        match delivery {
            Ok(Delivery::Bytes(chunk)) => {
                let done = std::mem::replace(&mut self.chunk, chunk);
                self.read = 0;
                if !done.bytes.is_empty() {
                    // The thread is gone once it has read everything; then no chunk is wanted back.
                    let _ = exchange.emptied.send(done);
                }
                Ok(true)
            }
            Ok(Delivery::End) => self.finish(Ok(false)),
            Ok(Delivery::Failed(error)) => self.finish(Err(error)),
            Err(_) => self.finish(Err(io::Error::other("the thread that reads ahead stopped before the end"))),
        }
    }

    fn finish(&mut self, outcome: io::Result<bool>) -> io::Result<bool> {
        self.exchange = None;
        self.chunk = Chunk::default();
        self.read = 0;
        outcome
    }
}

impl Read for InflateAhead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        if self.read == self.chunk.filled && !self.next_chunk()? {
            return Ok(0);
        }
        let unread = &self.chunk.bytes[self.read..self.chunk.filled];
        let bytes = unread.len().min(out.len());
        out[..bytes].copy_from_slice(&unread[..bytes]);
        self.read += bytes;
        Ok(bytes)
    }
}

impl Drop for InflateAhead {
    fn drop(&mut self) {
        // Closing the channels first is what makes the thread stop.
        self.exchange = None;
        if let Some(reader) = self.reader.take() {
            // A panic over there has already been told as a read error.
            let _ = reader.join();
        }
    }
}

/// The thread: ends with the source, or as soon as nobody takes its chunks.
fn read_ahead(mut source: impl Read, pool: &Receiver<Chunk>, deliver: &SyncSender<Delivery>) {
    while let Ok(mut chunk) = pool.recv() {
        let outcome = chunk.fill(&mut source);
        if chunk.filled > 0 && deliver.send(Delivery::Bytes(chunk)).is_err() {
            return;
        }
        let last = match outcome {
            Ok(Filled::Full) => continue,
            Ok(Filled::ToTheEnd) => Delivery::End,
            Err(error) => Delivery::Failed(error),
        };
        // Whether anybody still listens makes no difference now.
        let _ = deliver.send(last);
        return;
    }
}

enum Filled {
    Full,
    ToTheEnd,
}

impl Chunk {
    fn fill(&mut self, source: &mut impl Read) -> io::Result<Filled> {
        self.filled = 0;
        while self.filled < self.bytes.len() {
            match source.read(&mut self.bytes[self.filled..]) {
                Ok(0) => return Ok(Filled::ToTheEnd),
                Ok(bytes) => self.filled += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Filled::Full)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Gives numbered bytes, a few at a time, then what it is told to end with.
    struct Numbered {
        given: Arc<AtomicU64>,
        end: u64,
        ending: fn() -> io::Result<usize>,
    }

    impl Read for Numbered {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let given = self.given.load(Ordering::Relaxed);
            let bytes = (self.end - given).min(out.len() as u64).min(1000);
            if bytes == 0 {
                return (self.ending)();
            }
            out.iter_mut().zip(given..given + bytes).for_each(|(byte, number)| *byte = number as u8);
            self.given.store(given + bytes, Ordering::Relaxed);
            Ok(bytes as usize)
        }
    }

    fn numbered(end: u64, ending: fn() -> io::Result<usize>) -> (InflateAhead, Arc<AtomicU64>) {
        let given = Arc::new(AtomicU64::new(0));
        let source = Numbered { given: Arc::clone(&given), end, ending };
        (InflateAhead::start(source).unwrap(), given)
    }

    fn failed() -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }

    #[test]
    fn bytes_arrive_in_order_and_then_the_end() {
        for end in [0, 1, CHUNK_BYTES as u64, 10 * CHUNK_BYTES as u64 + 7] {
            let (mut ahead, _) = numbered(end, || Ok(0));
            let mut read = Vec::new();
            ahead.read_to_end(&mut read).unwrap();
            assert!(read.iter().copied().eq((0..end).map(|number| number as u8)), "{end} bytes");
            assert_eq!(ahead.read(&mut [0; 8]).unwrap(), 0, "the end stays the end");
        }
    }

    #[test]
    fn a_failure_comes_behind_the_bytes_before_it() {
        let end = 2 * CHUNK_BYTES as u64 + 5;
        let (mut ahead, _) = numbered(end, failed);
        let mut read = Vec::new();
        let error = ahead.read_to_end(&mut read).unwrap_err();
        assert_eq!((read.len() as u64, error.to_string().as_str()), (end, "the disk is gone"));
    }

    #[test]
    fn a_panic_over_there_is_a_failure_and_no_end() {
        let (mut ahead, _) = numbered(5, || panic!("a bug in the source"));
        let error = ahead.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "the thread that reads ahead stopped before the end");
    }

    #[test]
    fn dropping_it_early_ends_the_thread_and_never_reads_more_than_its_chunks() {
        let (mut ahead, given) = numbered(u64::MAX, || Ok(0));
        ahead.read_exact(&mut [0; 100]).unwrap();
        drop(ahead);
        let given_at_the_end = given.load(Ordering::Relaxed);
        assert!(given_at_the_end <= ((CHUNKS + 1) * CHUNK_BYTES) as u64, "{given_at_the_end}");
        assert_eq!(Arc::strong_count(&given), 1, "the source was dropped with its thread");
    }
}
