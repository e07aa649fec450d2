//! The arrows between the crates, held to by the build's own knowledge of them.

use std::collections::BTreeMap;

use cargo_metadata::MetadataCommand;

/// Who may depend on whom; nothing else may.
const ARROWS: &[(&str, &[&str])] = &[
    ("bulkwright", &["bulkwright-client", "bulkwright-engine", "bulkwright-server"]),
    ("bulkwright-client", &["bulkwright-engine", "bulkwright-wire"]),
    ("bulkwright-engine", &[]),
    ("bulkwright-powerloss", &["bulkwright-engine", "bulkwright-store"]),
    ("bulkwright-server", &["bulkwright-engine", "bulkwright-store", "bulkwright-wire"]),
    ("bulkwright-store", &["bulkwright-engine"]),
    ("bulkwright-torture", &["bulkwright-client", "bulkwright-engine"]),
    ("bulkwright-wire", &[]),
];

#[test]
fn crates_depend_on_each_other_only_as_designed() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let mut found = BTreeMap::new();
    for package in metadata.workspace_packages() {
        let own = package.dependencies.iter().filter(|one| one.path.is_some()).map(|one| one.name.clone());
        let mut own: Vec<String> = own.collect();
        own.sort();
        own.dedup();
        found.insert(package.name.to_string(), own);
    }
    let allowed = |(name, others): &(&str, &[&str])| {
        ((*name).to_owned(), others.iter().map(|other| (*other).to_owned()).collect::<Vec<_>>())
    };
    let designed: BTreeMap<String, Vec<String>> = ARROWS.iter().map(allowed).collect();
    assert_eq!(found, designed);
}

/// The README's first command names no package.
#[test]
fn cargo_run_at_the_root_means_the_program() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let meant = metadata.workspace_default_packages().into_iter().map(|package| package.name.to_string());
    assert_eq!(meant.collect::<Vec<_>>(), ["bulkwright"]);
}
