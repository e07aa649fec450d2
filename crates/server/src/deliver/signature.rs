//! Signatures of callbacks, in the way of the Standard Webhooks specification 1.0: HMAC-SHA256 over the message's id, the
//! moment of the try and the body, joined by full stops.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bulkwright_store::model::WebhookKey;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a symmetric signature begins with.
const VERSION: &str = "v1";
/// What a secret begins with, as receivers are given it.
const SECRET_PREFIX: &str = "whsec_";

/// The signature header: one signature a key, so that receivers which know only one of two keys go on while keys change.
pub(super) fn header(keys: &[WebhookKey], id: &str, timestamp: i64, body: &[u8]) -> String {
    let signed = keys.iter().map(|key| format!("{VERSION},{}", STANDARD.encode(sign(key, id, timestamp, body))));
    signed.collect::<Vec<_>>().join(" ")
}

fn sign(key: &WebhookKey, id: &str, timestamp: i64, body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).expect("HMAC takes keys of every length");
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().into()
}

/// A key as receivers are given it.
pub(crate) fn secret(key: &WebhookKey) -> String {
    format!("{SECRET_PREFIX}{}", STANDARD.encode(key.0))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook};

    use super::*;

    const KEYS: [WebhookKey; 2] = [WebhookKey([1; 32]), WebhookKey([2; 32])];

    fn headers(signature: &str, timestamp: i64) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER_WEBHOOK_ID, "job-7".parse().unwrap());
        headers.insert(HEADER_WEBHOOK_TIMESTAMP, timestamp.to_string().parse().unwrap());
        headers.insert(HEADER_WEBHOOK_SIGNATURE, signature.parse().unwrap());
        headers
    }

    /// The library is its authors' own; it reads the clock of the machine.
    #[test]
    fn an_independent_library_takes_either_key_and_nothing_else() {
        let (now, body) = (jiff::Timestamp::now().as_second(), br#"{"status":"COMPLETED"}"#);
        let signature = header(&KEYS, "job-7", now, body);
        for key in &KEYS {
            let receiver = Webhook::new(&secret(key)).unwrap();
            receiver.verify(body, &headers(&signature, now)).unwrap();
            receiver.verify(b"{}", &headers(&signature, now)).unwrap_err();
            receiver.verify(body, &headers(&signature, now - 1)).unwrap_err();
        }
        let stranger = Webhook::new(&secret(&WebhookKey([3; 32]))).unwrap();
        stranger.verify(body, &headers(&signature, now)).unwrap_err();
        let old = now - 3600;
        let late = header(&KEYS, "job-7", old, body);
        Webhook::new(&secret(&KEYS[0])).unwrap().verify(body, &headers(&late, old)).unwrap_err();
    }

    /// The example of the specification.
    #[test]
    fn the_signature_is_that_of_the_specification() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
        mac.update(br#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#);
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        assert_eq!(signature, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
