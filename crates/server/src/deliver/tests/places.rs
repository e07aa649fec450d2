//! Where callbacks are sent to, and where they are not.

use std::io;
use std::net::IpAddr;
use std::sync::Mutex;

use bulkwright_store::model::DeliveryState;

use super::receiver::Trap;
use super::*;
use crate::deliver::{Callbacks, NameLookup};

/// Names lead where the test says, one answer after the other and the last one for ever.
fn names_lead_to(world: &mut World, answers: &[&[&str]]) {
    let parsed = |addresses: &&[&str]| addresses.iter().map(|address| address.parse().unwrap()).collect();
    let mut left: Vec<Vec<IpAddr>> = answers.iter().map(parsed).rev().collect();
    let last = left.remove(0);
    let left = Mutex::new(left);
    world.config.callback_lookup = NameLookup::from_fn(move |name| {
        assert_eq!(name, "receiver.example.com");
        std::future::ready(Ok(left.lock().unwrap().pop().unwrap_or_else(|| last.clone())))
    });
}

fn named(receiver: &Receiver) -> String {
    format!("http://receiver.example.com:{}/told", receiver.port())
}

/// A name that leads to an address that may be called, and later inside: the second time there is no connection, although
/// somebody listens there.
#[tokio::test]
async fn a_name_that_is_bound_again_leads_nowhere() {
    let receiver = Receiver::at("127.0.0.2:0", vec![Reply::status(500)]).await;
    let trap = Trap::at("127.0.0.1", receiver.port());
    let mut world = World::new();
    world.config.callback_allow = vec!["127.0.0.2/32".parse().unwrap()];
    names_lead_to(&mut world, &[&["127.0.0.2"], &["127.0.0.1"], &["::ffff:127.0.0.1"], &["10.0.0.1", "127.0.0.1"]]);
    let process = world.start().await;
    let job = process.end_job(&named(&receiver)).await;
    let first = process.tried(job, 1).await;
    assert_eq!(first.last.unwrap().status, Some(500));
    for (attempts, address) in [(2, "127.0.0.1"), (3, "::ffff:127.0.0.1"), (4, "10.0.0.1")] {
        world.clock.set(process.delivery(job).await.next_at.unwrap());
        let delivery = process.tried(job, attempts).await;
        assert_eq!(delivery.state, DeliveryState::Pending, "a name may lead elsewhere again");
        let told = format!("receiver.example.com leads to {address}, inside a network that is not called");
        assert_eq!(delivery.last.unwrap().error, Some(told));
    }
    trap.assert_untouched();
    assert_eq!(receiver.rest().await.len(), 1);
}

/// Of several addresses only those that may be called are.
#[tokio::test]
async fn an_address_inside_is_passed_over_for_one_that_may_be_called() {
    let receiver = Receiver::at("127.0.0.2:0", vec![Reply::status(200)]).await;
    let trap = Trap::at("127.0.0.1", receiver.port());
    let mut world = World::new();
    world.config.callback_allow = vec!["127.0.0.2/32".parse().unwrap()];
    names_lead_to(&mut world, &[&["127.0.0.1", "127.0.0.2"]]);
    let process = world.start().await;
    let job = process.end_job(&named(&receiver)).await;
    assert_eq!(process.tried(job, 1).await.state, DeliveryState::Delivered);
    trap.assert_untouched();
}

/// The rule may have become stricter since the job was created. What is written does not change: it is given up.
#[tokio::test]
async fn an_address_that_is_written_and_lies_inside_is_given_up_unsent() {
    let trap = Trap::at("127.0.0.1", 0);
    let port = trap.port();
    let mut world = World::new();
    world.config.callback_allow = Vec::new();
    world.config.callback_lookup = NameLookup::from_fn(|name| async move { panic!("{name} is looked up") });
    let process = world.start().await;
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "10.0.0.1"] {
        let job = process.end_job(&format!("http://{host}:{port}/")).await;
        let delivery = process.tried(job, 1).await;
        assert_eq!((delivery.state, delivery.next_at), (DeliveryState::GivenUp, None), "{host}");
        let told = "the address lies inside a network that is not called";
        assert_eq!(delivery.last.unwrap().error.as_deref(), Some(told), "{host}");
    }
    trap.assert_untouched();
}

#[test]
fn loopback_is_called_by_a_dev_server_that_nobody_else_can_reach() {
    let calls_loopback = |config: Config| Callbacks::new(&config).rule.check("http://127.0.0.1:9000/told").is_ok();
    let beyond = "0.0.0.0:0".parse().unwrap();
    assert!(calls_loopback(Config::dev()));
    assert!(!calls_loopback(Config { listen: beyond, ..Config::dev() }));
    assert!(!calls_loopback(Config::serve("data".into())));
}

#[tokio::test]
async fn a_name_without_an_address_is_tried_again() {
    let mut world = World::new();
    world.config.callback_lookup = NameLookup::from_fn(|_| async { Err(io::Error::other("no such name")) });
    let process = world.start().await;
    let job = process.end_job("http://receiver.example.com/").await;
    let delivery = process.tried(job, 1).await;
    assert_eq!((delivery.state, delivery.next_at), (DeliveryState::Pending, Some(BEGIN + 5)));
    assert_eq!(delivery.last.unwrap().error.unwrap(), "no connection to the receiver: no such name");
    names_lead_to(&mut world, &[&[]]);
    process.kill().await;
    let process = world.start().await;
    let job = process.end_job("http://receiver.example.com/").await;
    assert!(process.tried(job, 1).await.last.unwrap().error.unwrap().starts_with("no connection to the receiver: "));
}
