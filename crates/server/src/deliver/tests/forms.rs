//! Every form that an address inside is written in, three ways: as it is written, behind a name, and behind a name that was
//! public when it was judged. Somebody listens on loopback, and nobody connects.

use std::net::IpAddr;

use bulkwright_store::model::WebhookKey;
use url::{Host, Url};

use super::receiver::Trap;
use super::*;
use crate::callback_rule::CallbackRule;
use crate::callback_rule::forms::{self, Form};
use crate::deliver::NameLookup;
use crate::deliver::message::Message;
use crate::deliver::sender::{Sender, Verdict};

/// Both of loopback's families, at one port.
fn traps() -> [Trap; 2] {
    loop {
        let v4 = Trap::at("127.0.0.1", 0);
        if let Some(v6) = Trap::if_free("::1", v4.port()) {
            return [v4, v6];
        }
    }
}

fn sender(leads_to: Vec<IpAddr>) -> Sender {
    let lookup = NameLookup::from_fn(move |_| std::future::ready(Ok(leads_to.clone())));
    Sender::new(CallbackRule::public_and(Vec::new()), lookup, Clock::system(), TIME_MAX).unwrap()
}

fn message(url: String) -> Message {
    Message { url, id: "job-1".to_owned(), body: b"{}".to_vec(), keys: vec![WebhookKey([1; 32])] }
}

#[tokio::test]
async fn nothing_inside_is_connected_to_in_any_form() {
    let traps = traps();
    let port = traps[0].port();
    let (mut written, mut named) = (0, 0);
    for Form { verdict, address, what } in forms::all(port).filter(|form| form.verdict != "public") {
        let told = sender(Vec::new()).send(message(address.clone())).await;
        assert_eq!((told.verdict, told.status), (Verdict::Never, None), "{address} ({what})");
        written += 1;
        let ip: IpAddr = match Url::parse(&address).ok().and_then(|url| url.host().map(|host| host.to_owned())) {
            Some(Host::Ipv4(ip)) => ip.into(),
            Some(Host::Ipv6(ip)) => ip.into(),
            _ => continue,
        };
        if verdict == "no url" {
            continue;
        }
        // The name is public as it is written, and leads inside when it is asked for.
        for scheme in ["http", "https"] {
            let told = sender(vec![ip]).send(message(format!("{scheme}://public.example.com:{port}/"))).await;
            let error = told.error.unwrap_or_default();
            assert!(error.contains("inside a network that is not called"), "{ip} ({address}): {error}");
            named += 1;
        }
    }
    assert!(written >= 200 && named >= 200, "{written} written, {named} named");
    traps.iter().for_each(Trap::assert_untouched);
}
