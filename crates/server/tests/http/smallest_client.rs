//! The smallest client known: four headers, no User-Agent, `Bearer`, gzip, and every GET that is answered 400 sent once more.

use bulkwright_server::{Running, dev};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::{Answer, csv_in, dev_server, read_answer};

/// One connection of that client, which it keeps.
struct SmallestClient {
    stream: TcpStream,
    host: String,
}

impl SmallestClient {
    async fn of(server: &Running) -> Self {
        let host = server.addr().to_string();
        SmallestClient { stream: TcpStream::connect(&host).await.unwrap(), host }
    }

    /// The answers to a GET: one, or two if the first was a 400.
    async fn get(&mut self, path: &str) -> Vec<Answer> {
        let first = self.send(path).await;
        if first.status != 400 {
            return vec![first];
        }
        let second = self.send(path).await;
        vec![first, second]
    }

    async fn send(&mut self, path: &str) -> Answer {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nAuthorization: Bearer {}\r\n\r\n",
            self.host,
            dev::ACCESS_TOKEN
        );
        self.stream.write_all(request.as_bytes()).await.unwrap();
        read_answer(&mut self.stream, &format!("GET {path}")).await
    }
}

#[tokio::test]
async fn the_smallest_client_reads_a_job_and_its_result() {
    let server = dev_server().await;
    let mut client = SmallestClient::of(&server).await;

    let [details] = client.get(&format!("/crm/bulk/v2.1/write/{}", dev::JOB)).await.try_into().unwrap();
    assert_eq!((details.status, details.header("content-encoding")), (200, Some("gzip")), "{details:?}");
    assert_eq!(details.json()["id"], dev::JOB);

    // The link is the recorded one and leads to the vendor; its path is this server's.
    let link = details.json()["result"]["download_url"].as_str().unwrap().to_owned();
    let path = link.strip_prefix("https://download-accl.zoho.com").unwrap();
    let [result] = client.get(path).await.try_into().unwrap();
    assert_eq!((result.status, result.header("content-encoding")), (200, None), "{result:?}");
    assert_eq!(csv_in(&result.body).lines().count(), 12);
    server.stop().await;
}

#[tokio::test]
async fn a_get_that_is_repeated_after_a_400_is_answered_the_same() {
    let server = dev_server().await;
    let mut client = SmallestClient::of(&server).await;
    let [first, second] = client.get("/crm/bulk/v2.1/write/415086800000535000").await.try_into().unwrap();
    assert_eq!(first.code(), (400, "RESOURCE_NOT_FOUND".to_owned()));
    assert_eq!((second.status, &second.body), (first.status, &first.body));

    // The connection is still good, and other answers are not asked for twice.
    let [wrong] = client.get("/crm/bulk/v2.1/writ/415086800000535000").await.try_into().unwrap();
    assert_eq!(wrong.code(), (404, "INVALID_URL_PATTERN".to_owned()));
    server.stop().await;
}
