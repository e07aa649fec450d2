//! The words of a sample, read from the table beside this file.

use serde::Deserialize;

use super::random::Random;

const TABLE: &str = include_str!("vocabulary.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vocabulary {
    pub(super) lead_statuses: Vec<String>,
    pub(super) lead_sources: Vec<String>,
    pub(super) brands: Vec<Name>,
    pub(super) trades: Vec<Name>,
    pub(super) openings: Vec<String>,
    pub(super) details: Vec<String>,
    pub(super) regions: Vec<Region>,
}

/// Where people live: their names, addresses and numbers fit together.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Region {
    pub(super) country: String,
    pub(super) utc_offset: String,
    /// How many leads come from here, in proportion to the other regions.
    weight: u64,
    pub(super) house: HouseNumber,
    pub(super) first_names: Vec<Name>,
    pub(super) last_names: Vec<Name>,
    pub(super) cities: Vec<String>,
    pub(super) streets: Vec<String>,
    pub(super) second_line: String,
    pub(super) phone: String,
    pub(super) mobile: String,
    pub(super) forms: Vec<String>,
}

/// On which side of the street's name the number stands.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum HouseNumber {
    Before,
    After,
}

/// A name as it is written, and as it appears in an e-mail address or a host name.
#[derive(Deserialize)]
#[serde(from = "String")]
pub(super) struct Name {
    pub(super) written: String,
    pub(super) ascii: String,
}

impl Vocabulary {
    pub(super) fn built_in() -> Vocabulary {
        toml::from_str(TABLE).expect("the built-in table is read by every test of this module")
    }

    pub(super) fn region(&self, random: &mut Random) -> &Region {
        let mut ticket = random.below(self.regions.iter().map(|region| region.weight).sum());
        let drawn = self.regions.iter().find(|region| {
            let is_here = ticket < region.weight;
            ticket = ticket.saturating_sub(region.weight);
            is_here
        });
        drawn.expect("a ticket below the sum of all weights falls into one of them")
    }
}

impl From<String> for Name {
    fn from(entry: String) -> Name {
        match entry.split_once('/') {
            Some((written, ascii)) => Name { written: written.to_owned(), ascii: ascii.to_owned() },
            None => Name { ascii: host_label(&entry), written: entry },
        }
    }
}

/// `Lopez-Ward` becomes `lopez-ward`, `O'Brien` `obrien`, `Blue Harbor` `blue-harbor`.
fn host_label(written: &str) -> String {
    let kept = written.chars().filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, ' ' | '-'));
    kept.map(|letter| if letter == ' ' { '-' } else { letter.to_ascii_lowercase() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_spelling_that_fits_an_address() {
        let words = Vocabulary::built_in();
        let people = words.regions.iter().flat_map(|region| region.first_names.iter().chain(&region.last_names));
        for name in people.chain(&words.brands).chain(&words.trades) {
            let fits = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'.');
            assert!(name.ascii.bytes().all(fits) && name.ascii.len() > 1, "{}: {:?}", name.written, name.ascii);
        }
    }

    #[test]
    fn regions_come_by_weight() {
        let words = Vocabulary::built_in();
        let mut random = Random::new(5, 0);
        let drawn: Vec<_> = (0..10_000).map(|_| &words.region(&mut random).country).collect();
        for region in &words.regions {
            let count = drawn.iter().filter(|country| **country == &region.country).count() as u64;
            assert!(count.abs_diff(region.weight * 100) < 100 + region.weight * 10, "{}: {count}", region.country);
        }
    }
}
