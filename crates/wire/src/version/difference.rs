//! What the versions differ in beside their errors: one table (contract section 9). Whoever handles a request asks it and
//! compares no versions. Which version has which error is told by [`crate::error::SUCCESSIONS`].

use super::Version;
use crate::error::Evidence;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct DifferenceRow {
    /// The first version that has it; all later ones do.
    pub since: Version,
    /// How sure that is.
    pub evidence: Evidence,
    /// What the version has, and what stands in its place before.
    pub text: &'static str,
}

macro_rules! difference_table {
    ($($(#[$doc:meta])* $name:ident = $since:ident, $evidence:ident, $text:literal;)*) => {
        /// Something that later versions have and earlier ones have not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Difference {$(
            $(#[$doc])*
            $name,
        )*}

        impl Difference {
            /// Every difference, in the table's order.
            pub const ALL: &[Difference] = &[$(Difference::$name),*];

            /// Its row of the table.
            pub const fn row(self) -> DifferenceRow {
                match self {$(
                    Difference::$name => {
                        DifferenceRow { since: Version::$since, evidence: Evidence::$evidence, text: $text }
                    }
                )*}
            }
        }
    };
}

difference_table! {
    /// The form of a module in job details. Requests may name it either way in every version.
    ModuleIsObject = V2_1, Wire,
        "`module` in job details is an object with `id` and `api_name`; before, it is the name as a plain string";
    /// The end of a resource as a code.
    ResourceCode = V2_1, Wire,
        "a resource in job details has a `code`; before, only its `status`, and a `message` where it failed";
    /// The `fields` parameter of reading records (contract 12, row 54).
    FieldsDemanded = V3, Docs,
        "reading records demands the parameter `fields`; before, all fields are told without it";
    /// Keys of a job of a parent and its children.
    SeveralFiles = V5, Source,
        "`file_names` and `parent_column_index` are read in a create; before, they are passed over like any unknown key";
    /// The same in what is told of a job.
    ParentColumnIndexTold = V5, Docs,
        "a mapping in job details has `parent_column_index`, null where it is unset; before, the key is absent";
    /// The details of an upload that is no zip (contract 2.4).
    FileFormatHasNoDetails = V8, Source,
        "INVALID_FILE_FORMAT has empty `details`; before, they tell the time as `created_time`";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_what_the_table_says() {
        let check = |version: Version, expected: &[Difference]| {
            let has: Vec<_> = Difference::ALL.iter().copied().filter(|difference| version.has(*difference)).collect();
            assert_eq!(has, expected, "{version}");
        };
        check(Version::V2, &[]);
        check(Version::V2_1, &Difference::ALL[..2]);
        check(Version::V3, &Difference::ALL[..3]);
        check(Version::V4, &Difference::ALL[..3]);
        for version in [Version::V5, Version::V6, Version::V7] {
            check(version, &Difference::ALL[..5]);
        }
        check(Version::V8, Difference::ALL);
    }
}
