//! The numbers that a sample is made of. A seed has to give the same file on every machine and in every later version,
//! which no published crate promises, so the generator is written out: SplitMix64 of Steele, Lea and Flood ("Fast
//! splittable pseudorandom number generators", 2014), 64-bit integers only.

/// The golden ratio of 2^64, the increment of SplitMix64.
const INCREMENT: u64 = 0x9e37_79b9_7f4a_7c15;

/// One stream of pseudo-random numbers.
pub(super) struct Random {
    state: u64,
}

impl Random {
    /// The stream with this number. Streams of one seed do not overlap in practice, as each starts at a mixed state.
    pub(super) fn new(seed: u64, stream: u64) -> Random {
        Random { state: mix(mix(seed.wrapping_add(INCREMENT)).wrapping_add(stream)) }
    }

    /// A number from 0 to `end - 1`. The bias is below `end / 2^64`, which no sample can show.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        debug_assert!(end > 0, "there is no number below 0");
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// True `percent` times in a hundred.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of the values, each as likely as the others.
    pub(super) fn pick<'a, T>(&mut self, values: &'a [T]) -> &'a T {
        &values[self.below(values.len() as u64) as usize]
    }

    /// One of the words.
    pub(super) fn word<'a>(&mut self, words: &'a [String]) -> &'a str {
        &words[self.below(words.len() as u64) as usize]
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(INCREMENT);
        mix(self.state)
    }
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs for state 1234567, as other implementations of SplitMix64 print them.
    #[test]
    fn is_splitmix64() {
        let mut random = Random { state: 1_234_567 };
        let expected = [6_457_827_717_110_365_317_u64, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(expected.map(|_| random.next()), expected);
    }

    #[test]
    fn below_reaches_both_ends_and_nothing_else() {
        let mut random = Random::new(1, 1);
        let mut seen = [0_u32; 3];
        (0..300).for_each(|_| seen[random.below(3) as usize] += 1);
        assert!(seen.iter().all(|&count| count > 50), "{seen:?}");
    }
}
