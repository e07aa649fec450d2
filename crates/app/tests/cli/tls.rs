//! TLS: a server with a certificate, one for the vendor's hosts, and the commands that talk to them.

use crate::program::{DEV_TOKEN, Place, Ran, example};

/// A certificate that nobody trusts, for a name that nobody calls the server by.
const CERT: &str = include_str!("tls/cert.pem");
const KEY: &str = include_str!("tls/key.pem");
const JOB: &str = "4150868000005350003";

fn https(url: &str) -> String {
    url.replacen("http://", "https://", 1)
}

#[test]
fn dev_says_how_to_trust_it_and_the_commands_do() {
    let place = Place::new();
    let serving = place.start(&["dev", "--tls"]);
    let (plain, url) = (serving.url.clone(), https(&serving.url));
    assert_eq!(place.names(), ["bulkwright-dev-ca.pem", "port.txt"]);
    let show = |url: &str, more: &[&str], variables: &[(&str, &str)]| -> Ran {
        let mut command = place.command(&[&["job", "show", JOB, "--json", "--base-url", url], more].concat());
        command.env("BULKWRIGHT_TOKEN", DEV_TOKEN).env_remove("SSL_CERT_FILE").envs(variables.iter().copied());
        crate::program::ran(command.output().unwrap())
    };
    let ca = ["--ca-cert", "bulkwright-dev-ca.pem"];
    let shown = show(&url, &ca, &[]).ends(0);
    assert!(shown.out.contains(JOB), "{}", shown.out);
    let localhost = url.replace("127.0.0.1", "localhost");
    show(&localhost, &[], &[("SSL_CERT_FILE", "bulkwright-dev-ca.pem")]).ends(0);
    show(&localhost, &[], &[("BULKWRIGHT_CA_CERT", "bulkwright-dev-ca.pem")]).ends(0);
    let check = |ran: Ran, expected: &str| {
        let ran = ran.ends(2);
        assert!(ran.last_words().contains(expected), "{expected} is missing: {}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    };
    check(show(&url, &[], &[]), "give --ca-cert (or SSL_CERT_FILE) the certificate of the authority");
    check(
        show(&url, &["--ca-cert", "port.txt"], &[]),
        "port.txt cannot be trusted: there is no certificate in PEM in it",
    );
    check(show(&url, &["--ca-cert", "none.pem"], &[]), "none.pem cannot be trusted: it cannot be read");
    let refused = show(&plain, &ca, &[]).ends(4);
    assert!(refused.last_words().contains("HTTPS_REQUIRED"), "{}", refused.err);
    assert!(refused.last_words().contains("write https:// in the address"), "{}", refused.err);
    // The other way round.
    let without = Place::new();
    let without = without.dev();
    check(show(&https(&without.url), &ca, &[]), "write http:// in the address if that is meant");

    place.write("x.csv", "Last Name\nA\n");
    let load = ["load", "x.csv", "-m", "Leads", "--base-url", &url];
    place.run_with_token(DEV_TOKEN, &[&load[..], &ca[..]].concat()).ends(0);
    let (code, printed) = serving.end();
    assert_eq!((code, printed.lines().count()), (0, 13), "{printed}");
    let ca_file = place.path("bulkwright-dev-ca.pem").display().to_string();
    let needed = [
        url.as_str(),
        &ca_file,
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
        "127.0.0.1 www.zohoapis.com accounts.zoho.com ",
        "curl --cacert /",
    ];
    for word in needed {
        assert!(printed.contains(word), "{word} is missing: {printed}");
    }
}

/// Nothing on this machine trusts the certificate, and its name is another one: the commands of the data directory know
/// it by what the server has noted there.
#[test]
fn the_commands_of_a_data_directory_know_its_server() {
    let place = Place::new();
    place.write("cert.pem", CERT).write("key.pem", KEY).write("x.csv", "Last Name\nA\n");
    let serving = place.start(&["serve", "--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    let url = https(&serving.url);
    let loaded = place.run(&["load", "x.csv", "-m", "Leads"]).ends(0);
    assert!(loaded.out.contains(&format!("{url} (own running server")), "{}", loaded.out);
    let credentials = ["--credentials", "bulkwright-data/credentials.json"];
    place.run(&[&["job", "show", loaded.job()], &credentials[..]].concat()).ends(0);
    place.run(&["job", "list"]).ends(0);
    place.run(&["job", "result", loaded.job()]).ends(0);
    assert!(place.run(&["verify"]).ends(0).out.contains("sound:"));
    place.run(&["sweep", "--now"]).ends(0);
    place.run(&["backup", "kept"]).ends(0);
    // Whoever has not the file does not know it.
    let stranger = ["load", &example("leads.csv"), "-m", "Leads", "--base-url", &url];
    let refused = place.run_with_token(DEV_TOKEN, &stranger).ends(2);
    assert!(refused.last_words().contains("give --ca-cert"), "{}", refused.err);
    drop(serving);
    // Without TLS again, the file says so.
    let serving = place.start(&["serve"]);
    assert!(!place.read("bulkwright-data/credentials.json").contains("certificate_sha256"));
    assert!(place.run(&["load", "x.csv", "-m", "Leads"]).ends(0).out.contains(&serving.url));
}

#[test]
fn what_is_wrong_with_a_pair_or_an_address_is_one_line_and_two() {
    let place = Place::new();
    place.write("cert.pem", CERT).write("key.pem", KEY).write("no.pem", "none\n");
    let check = |arguments: &[&str], expected: &str| {
        let ran = place.run(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat()).ends(2);
        assert_eq!((ran.out.as_str(), ran.err.lines().count()), ("", 1), "{}", ran.err);
        assert!(ran.err.contains(expected), "{expected} is missing: {}", ran.err);
    };
    check(&["--tls-cert", "cert.pem"], "TLS needs a certificate and its key, and --tls-key is not given");
    check(
        &["--tls-cert", "no.pem", "--tls-key", "key.pem"],
        "no.pem cannot be used for TLS: there is no certificate in it",
    );
    check(&["--behind-proxy=perhaps"], "--behind-proxy: `perhaps` is no answer to yes or no; write true or false");
    assert!(place.run(&["serve", "--tls"]).ends(2).err.contains("unexpected argument '--tls'"));
    let beyond = place.run(&["serve", "--listen", "0.0.0.0:0"]).ends(2);
    assert!(beyond.err.contains("give --tls-cert and --tls-key, or --behind-proxy"), "{}", beyond.err);
    assert_eq!(place.names(), ["cert.pem", "key.pem", "no.pem"], "nothing was made");
}

/// What an operator has to know is in the log: an open key, and links that lead nowhere.
#[cfg(unix)]
#[test]
fn what_a_start_lacks_is_told_by_the_log() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.write("cert.pem", CERT).write("key.pem", KEY);
    let log_of = |mode: u32, more: &[&str]| {
        fs_err::set_permissions(place.path("key.pem"), std::fs::Permissions::from_mode(mode)).unwrap();
        let tls = ["serve", "--tls-cert", "cert.pem", "--tls-key", "key.pem"];
        drop(place.start_logging(&[&tls, more].concat(), "log.txt"));
        place.read("log.txt")
    };
    let open = "every user of this machine can read the TLS key";
    assert!(log_of(0o644, &[]).contains(open));
    assert!(!log_of(0o640, &[]).contains(open));
    let links = "set --public-url";
    assert!(log_of(0o600, &["--behind-proxy"]).contains(links));
    assert!(!log_of(0o600, &["--behind-proxy", "--public-url", "https://crm.example.com"]).contains(links));
}
