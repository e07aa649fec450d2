//! Finding the bytes that matter: delimiter, quote and line ends, 64 bytes at a time.
//!
//! A mask with one bit for each byte costs the same however short the cells are, where a search from cell to cell
//! starts anew for every cell.

/// Bytes looked at together: one bit each in a mask.
const BLOCK: usize = 64;

/// Walks over the structural bytes of a window, in order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Structurals {
    delimiter: u8,
    /// Structural bytes of the present block that have not been given yet.
    mask: u64,
    /// Where the present block begins in the window.
    block: usize,
    /// Where the next block begins.
    next_block: usize,
}

impl Structurals {
    pub(super) fn new(delimiter: u8) -> Self {
        Structurals { delimiter, mask: 0, block: 0, next_block: 0 }
    }

    /// Goes on at a place of the window, after its bytes have moved or changed.
    pub(super) fn restart_at(&mut self, place: usize) {
        *self = Structurals { block: place, next_block: place, ..Structurals::new(self.delimiter) };
    }

    /// Passes over the structural byte at this place, which must be the next one.
    #[inline(always)]
    pub(super) fn skip_one(&mut self, place: usize) {
        if self.mask == 0 {
            self.next_block = place + 1;
        } else {
            self.mask &= self.mask - 1;
        }
    }

    /// The next structural byte of the window. `None` at its end; then only [`Structurals::restart_at`] goes on.
    #[inline(always)]
    pub(super) fn next(&mut self, window: &[u8]) -> Option<usize> {
        while self.mask == 0 {
            let rest = window.get(self.next_block..).filter(|rest| !rest.is_empty())?;
            self.mask = match rest.first_chunk() {
                Some(block) => mask_of(block, self.delimiter),
                None => mask_of_last(rest, self.delimiter),
            };
            self.block = self.next_block;
            self.next_block += BLOCK;
        }
        let place = self.block + self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        Some(place)
    }
}

/// The end of a window, filled up with bytes that are not structural.
#[cold]
fn mask_of_last(rest: &[u8], delimiter: u8) -> u64 {
    let mut block = [0; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    mask_of(&block, delimiter)
}

/// Two plain steps that the compiler turns into vector instructions on every processor: compare all bytes, then bring
/// eight answers of one byte each together in eight bits.
#[inline(always)]
fn mask_of(block: &[u8; BLOCK], delimiter: u8) -> u64 {
    /// Moves the lowest bits of a word's eight bytes into its highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let answers = block.map(|byte| {
        u8::from(byte == delimiter) | u8::from(byte == b'"') | u8::from(byte == b'\n') | u8::from(byte == b'\r')
    });
    let (words, _) = answers.as_chunks::<8>();
    let mut mask = 0;
    for (number, word) in words.iter().enumerate() {
        let bits = u64::from_le_bytes(*word).wrapping_mul(GATHER) >> 56;
        mask |= bits << (number * 8);
    }
    mask
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plainly(window: &[u8], delimiter: u8) -> Vec<usize> {
        let wanted = [delimiter, b'"', b'\n', b'\r'];
        (0..window.len()).filter(|&at| wanted.contains(&window[at])).collect()
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![Just(b','), Just(b'"'), Just(b'\n'), Just(b'\r'), Just(0x2D), any::<u8>()];
        proptest::collection::vec(byte, 0..300)
    }

    proptest! {
        #[test]
        fn every_structural_byte_is_found_and_no_other(window in bytes(), start in 0usize..100) {
            let mut structurals = Structurals::new(b',');
            structurals.restart_at(start);
            let found: Vec<_> = std::iter::from_fn(|| structurals.next(&window)).collect();
            let expected: Vec<_> = plainly(&window, b',').into_iter().filter(|&at| at >= start).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
