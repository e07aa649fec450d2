//! What becomes of each operation that was under way when power was lost.

use crate::image::SECTOR_BYTES;
use crate::journal::Inode;
use crate::random::Random;

/// How a disk lost power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nothing that was not synced is there.
    All,
    /// Everything that was asked for is there.
    Nothing,
    /// What is there is as the seed decides.
    Some {
        /// Whatever number.
        seed: u64,
    },
}

/// How unsynced operations are picked: each seed is of one manner.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// Each write is there or not, whole.
    Scattered { eighths: u64 },
    /// Each write is there, or not, or in part.
    Torn { eighths: u64 },
    /// Each file has all of its writes or none.
    ByFile,
    /// Everything up to a write is there, of that one a part, and nothing after it.
    CutShort { at: usize },
}

/// The decisions of one loss. They depend on nothing but the seed and the operation, so that both names of a rename
/// are decided alike.
pub(crate) struct Fate {
    loss: Loss,
    manner: Manner,
    names_eighths: u64,
    stale: bool,
}

impl Fate {
    pub(crate) fn new(loss: Loss, position: usize) -> Fate {
        let Loss::Some { seed } = loss else {
            return Fate { loss, manner: Manner::ByFile, names_eighths: 0, stale: false };
        };
        let mut random = Random::of(seed, u64::MAX);
        let eighths = [1, 4, 7][random.below(3) as usize];
        let manner = match random.below(4) {
            0 => Manner::Scattered { eighths },
            1 => Manner::Torn { eighths },
            2 => Manner::ByFile,
            // Near the end of the journal: most of what is older is synced.
            _ => {
                let among = CUT_SHORT_AMONG[random.below(2) as usize];
                Manner::CutShort { at: position.saturating_sub(1 + random.below(among) as usize) }
            }
        };
        Fate { loss, manner, names_eighths: [0, 4, 8][random.below(3) as usize], stale: random.chance(2) }
    }

    /// Whether a change of a file's size arrived.
    pub(crate) fn keeps(&self, file: Inode, place: usize) -> bool {
        let Loss::Some { seed } = self.loss else { return self.loss == Loss::Nothing };
        match self.manner {
            Manner::Scattered { eighths } | Manner::Torn { eighths } => of(seed, place).chance(eighths),
            Manner::ByFile => Random::of(seed, !file.0).chance(4),
            Manner::CutShort { at } => place <= at,
        }
    }

    /// Whether one sector of a write arrived.
    pub(crate) fn keeps_sector(&self, file: Inode, place: usize, sector: u64, offset: u64, bytes: usize) -> bool {
        let whole = self.keeps(file, place);
        let Loss::Some { seed } = self.loss else { return whole };
        let torn = match self.manner {
            Manner::Torn { .. } => whole && of(seed, place).number() & 0x100 == 0,
            Manner::CutShort { at } => place == at,
            _ => false,
        };
        if torn { Tear::new(seed, place, offset, bytes).keeps(sector) } else { whole }
    }

    /// Whether a change of a name arrived.
    pub(crate) fn keeps_name(&self, place: usize) -> bool {
        match (self.loss, self.manner) {
            (Loss::All, _) => false,
            (Loss::Nothing, _) => true,
            (Loss::Some { .. }, Manner::CutShort { at }) => place <= at,
            (Loss::Some { seed }, _) => Random::of(seed ^ NAMES, place as u64).chance(self.names_eighths),
        }
    }

    /// What a sector shows that the file grew over without its bytes having arrived: something old, or nothing (zeros,
    /// or a file that did not grow).
    pub(crate) fn stale(&self, place: usize, sector: u64) -> Option<[u8; SECTOR_BYTES]> {
        let Loss::Some { seed } = self.loss else { return None };
        if !self.stale {
            return None;
        }
        let mut random = Random::of(seed ^ STALE, place as u64 ^ (sector << 32));
        let mut bytes = [0; SECTOR_BYTES];
        bytes.chunks_exact_mut(8).for_each(|eight| eight.copy_from_slice(&random.number().to_le_bytes()));
        Some(bytes)
    }
}

/// Operations before a loss among which the last one that arrived is looked for: a few, or a transaction's worth.
const CUT_SHORT_AMONG: [u64; 2] = [4, 64];
/// Keeps decisions on names apart from those on bytes.
const NAMES: u64 = 0x6E61_6D65;
/// Keeps old bytes apart from decisions.
const STALE: u64 = 0x7374_616C;

fn of(seed: u64, place: usize) -> Random {
    Random::of(seed, place as u64)
}

/// Which sectors of a torn write arrived.
enum Tear {
    Before(u64),
    From(u64),
    Each(Random),
}

impl Tear {
    fn new(seed: u64, place: usize, offset: u64, bytes: usize) -> Tear {
        let mut random = Random::of(seed.rotate_left(17), place as u64);
        let first = offset / SECTOR_BYTES as u64;
        let last = (offset + bytes as u64).div_ceil(SECTOR_BYTES as u64);
        let cut = first + random.below((last - first).max(1) + 1);
        match random.below(3) {
            0 => Tear::Before(cut),
            1 => Tear::From(cut),
            _ => Tear::Each(random),
        }
    }

    fn keeps(&self, sector: u64) -> bool {
        match self {
            Tear::Before(cut) => sector < *cut,
            Tear::From(cut) => sector >= *cut,
            Tear::Each(random) => Random::of(random.clone().number(), sector).chance(4),
        }
    }
}
