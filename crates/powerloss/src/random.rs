//! Numbers that a seed decides: a failing case is told by its seed and tried again from it.

/// SplitMix64 (Steele, Lea, Flood, 2014): small, and good enough to choose by.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// The sequence of one thing under a seed: the same whenever it is asked for, and unlike that of any other thing.
    pub fn of(seed: u64, thing: u64) -> Random {
        Random::new(Random::new(seed).number() ^ thing.wrapping_mul(0xD134_2543_DE82_EF95))
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end
    }

    /// True in `eighths` of eight cases.
    pub fn chance(&mut self, eighths: u64) -> bool {
        self.below(8) < eighths
    }
}
