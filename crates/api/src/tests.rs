//! The routes over real connections.

mod support;

use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use support::{MAX_BODY, Server};

#[test]
fn health_says_whether_it_lives_and_is_ready() {
    let server = Server::start();
    let answer = server.get("/livez");
    assert_eq!((answer.status, answer.json()), (200, json!({"live": true})));
    let answer = server.get("/readyz");
    let expected = json!({"ready": false, "reasons": ["partition 0 is being restored"]});
    assert_eq!((answer.status, answer.json()), (503, expected));
    server.service.restored.store(true, Ordering::SeqCst);
    let answer = server.get("/readyz");
    assert_eq!((answer.status, answer.json()), (200, json!({"ready": true})));
}

#[test]
fn metrics_are_prometheus_text() {
    let answer = Server::start().get("/metrics");
    assert_eq!((answer.status, answer.text.as_str()), (200, "muster_changes_total 1\n"));
    assert_eq!(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
}

#[test]
fn every_line_is_answered_in_its_place() {
    let server = Server::start();
    let answer = server.post("/muster/events", "one\r\n\n  \ntwo");
    let at = |offset| json!({"topic": "changes", "partition": 3, "offset": offset});
    assert_eq!((answer.status, answer.lines()), (200, vec![at(0), at(1)]));
    assert_eq!(*server.service.lines.lock().unwrap(), ["one", "two"]);

    let answer = server.post("/muster/events?wait=applied", "bad\nthree\n");
    let refused = json!({"error": {"code": "invalid-json", "message": "this is no JSON"}});
    let applied = json!({"topic": "changes", "partition": 3, "offset": 2, "applied": true});
    assert_eq!((answer.status, answer.lines()), (207, vec![refused, applied]));
}

#[test]
fn waiting_tells_whether_the_events_are_applied() {
    let server = Server::start();
    let line =
        |offset, applied| json!({"topic": "changes", "partition": 3, "offset": offset, "applied": applied});
    let answer = server.post("/muster/events?wait=applied&timeout=60", "one");
    assert_eq!((answer.status, answer.lines()), (200, vec![line(0, true)]));
    let answer = server.post("/muster/events?timeout=0&wait=applied", "one\nslow");
    assert_eq!((answer.status, answer.lines()), (202, vec![line(1, false), line(2, false)]));
    let answer = server.post("/muster/events?wait=applied", "bad\nlost");
    let message = "1 of 2 lines were taken, but: partition 3 has stopped";
    assert_eq!(answer.error(), (503, "partition-stopped".to_owned(), message.to_owned()));
}

#[test]
fn a_request_that_is_wrong_is_refused_whole() {
    let server = Server::start();
    let lines = "x\n".repeat(50_001);
    let cases = [
        (
            "/muster/events",
            "\n\n",
            400,
            "empty-body",
            "the body is empty: send event lines, one JSON object each",
        ),
        (
            "/muster/events",
            &lines,
            413,
            "too-many-lines",
            "the body has too many lines: send at most 50000 at a time",
        ),
        (
            "/muster/events?wait=synced",
            "x",
            400,
            "invalid-parameter",
            "`wait=synced` does not do: give `applied`",
        ),
        (
            "/muster/events?wait=applied&timeout=1h",
            "x",
            400,
            "invalid-parameter",
            "`timeout=1h` does not do: give seconds from 0 to 600, like `2.5`",
        ),
    ];
    for (path, body, status, code, message) in cases {
        let error = server.post(path, body).error();
        assert_eq!(error, (status, code.to_owned(), message.to_owned()), "{path}");
    }
    let (status, code, _) = server.post_from("https://evil.example", "x").error();
    assert_eq!((status, code.as_str()), (403, "cross-origin"));
    assert!(server.service.lines.lock().unwrap().is_empty());
}

#[test]
fn a_body_is_bounded_announced_or_not() {
    let server = Server::start();
    let announced =
        "POST /muster/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 8388609\r\n\r\n";
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(announced.as_bytes()).unwrap();
    assert_too_large(stream);

    let chunked = "POST /muster/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n800001\r\n";
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(chunked.as_bytes()).unwrap();
    stream.write_all(&vec![b'x'; 0x80_0001]).unwrap();
    assert_too_large(stream);

    let most = format!("{}\n", "x".repeat(MAX_BODY - 1));
    assert_eq!(server.post("/muster/events", &most).status, 200);
}

fn assert_too_large(mut stream: TcpStream) {
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(String::from_utf8_lossy(&head), "HTTP/1.1 413");
}

#[test]
fn a_log_that_takes_nothing_is_a_fault() {
    let server = Server::start();
    server.service.down.store(true, Ordering::SeqCst);
    let error = server.post("/muster/events", "x").error();
    assert_eq!(error, (503, "log-unavailable".to_owned(), "the disk is full".to_owned()));
}

#[test]
fn deltas_are_read_from_a_sequence_on() {
    let server = Server::start();
    let sequences = |path| {
        let answer = server.get(path);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.lines().iter().map(|line| line["sequence"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(sequences("/muster/deltas?from=5"), [5, 6, 7, 8, 9]);
    assert_eq!(sequences("/muster/deltas?from=0"), [5, 6, 7, 8, 9]);
    assert_eq!(sequences("/muster/deltas?partition=0&from=6&limit=2"), [6, 7]);
    assert_eq!(sequences("/muster/deltas?from=10"), [0; 0]);
    let cases = [
        ("/muster/deltas", 410, "sequence-expired", "the first is 5"),
        ("/muster/deltas?from=11", 400, "sequence-ahead", "the next is 10"),
        ("/muster/deltas?partition=7", 404, "unknown-partition", "there are 2"),
        ("/muster/deltas?partition=1", 503, "log-damaged", "a record is damaged"),
        (
            "/muster/deltas?from=-1",
            400,
            "invalid-parameter",
            "`from=-1` does not do: give a whole number from 0 to 18446744073709551615",
        ),
        (
            "/muster/deltas?limit=10001",
            400,
            "invalid-parameter",
            "`limit=10001` does not do: give a whole number from 1 to 10000",
        ),
        (
            "/muster/deltas?offset=1",
            400,
            "invalid-parameter",
            "there is no parameter `offset` here: there are `partition`, `from` and `limit`",
        ),
    ];
    for (path, status, code, message) in cases {
        assert_eq!(server.get(path).error(), (status, code.to_owned(), message.to_owned()), "{path}");
    }
}

#[test]
fn records_are_read_from_an_offset_on() {
    let server = Server::start();
    let text = |path| server.get(path).text;
    assert_eq!(text("/muster/records?topic=dead-letters&from=7&limit=3"), "{\"offset\":7,\"limit\":3}\n");
    assert_eq!(text("/muster/records"), "{}\n");
    for (query, status, code) in [
        ("topic=nosuch", 404, "unknown-topic"),
        ("topic=group-status", 404, "topic-off"),
        ("topic=dead-letters&partition=4", 404, "unknown-partition"),
        ("limit=0", 400, "invalid-parameter"),
    ] {
        let (found, found_code, _) = server.get(&format!("/muster/records?{query}")).error();
        assert_eq!((found, found_code.as_str()), (status, code), "{query}");
    }
}

#[test]
fn what_is_not_there_is_answered_with_what_is() {
    let server = Server::start();
    let routes = "there are GET /livez, GET /readyz, GET /metrics, POST /muster/events?wait=applied&timeout=30, \
                  GET /muster/deltas?partition=0&from=1&limit=1000, \
                  GET /muster/records?topic=dead-letters&partition=0&from=0&limit=1000, \
                  POST /muster/preview, POST /muster/find, \
                  GET /muster/values?property=user.department&prefix=s&limit=100, \
                  GET /muster/licenses/report, GET /muster/licenses/explain?user=alex";
    let error = server.get("/muster/delta").error();
    assert_eq!(
        error,
        (404, "unknown-route".to_owned(), format!("there is no `/muster/delta` here: {routes}"))
    );
    let answer = server.get("/muster/events");
    let message = format!("`/muster/events` knows no GET: {routes}");
    assert_eq!(answer.error(), (405, "unknown-method".to_owned(), message));
    assert_eq!(answer.allow.as_deref(), Some("POST"));
}

#[test]
fn a_defect_is_an_answer_and_the_next_request_another() {
    let server = Server::start();
    let (status, code, _) = server.post("/muster/events", "defect").error();
    assert_eq!((status, code.as_str()), (500, "internal"));
    assert_eq!(server.get("/livez").status, 200);
}

const WAITING_AT_THE_GATE: &str =
    "POST /muster/events?wait=applied HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\ngate";

#[test]
fn requests_under_way_are_answered_at_the_end() {
    let mut server = Server::start();
    let (arrived, at_gate) = mpsc::channel();
    let (open, gate) = mpsc::channel();
    *server.service.gate.lock().unwrap() = Some((arrived, gate));
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(WAITING_AT_THE_GATE.as_bytes()).unwrap();
    at_gate.recv().unwrap();
    server.stop();
    open.send(()).unwrap();
    server.join();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\"applied\":true}\n"), "{answer}");
    assert!(TcpStream::connect(server.address).is_err());
}

#[test]
fn a_call_that_is_stuck_does_not_hold_up_the_end() {
    let mut server = Server::start();
    let (arrived, at_gate) = mpsc::channel();
    let (open, gate) = mpsc::channel::<()>();
    *server.service.gate.lock().unwrap() = Some((arrived, gate));
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(WAITING_AT_THE_GATE.as_bytes()).unwrap();
    at_gate.recv().unwrap();
    server.stop();
    server.join();
    let mut answer = Vec::new();
    // Closed or reset: in either case without an answer.
    let _ = stream.read_to_end(&mut answer);
    assert!(answer.is_empty());
    drop(open);
}

#[test]
fn questions_about_everybody_reach_the_service() {
    let server = Server::start();
    let answer = server.post("/muster/preview", "{\"rule\":1}");
    assert_eq!((answer.status, answer.text.as_str()), (200, "{\"rule\":1}\n"));
    for (body, status) in [("bad", 400), ("nobody", 404), ("slow", 503)] {
        assert_eq!(server.post("/muster/preview", body).status, status, "{body}");
        assert_eq!(server.post("/muster/find", body).status, status, "{body}");
    }
    let answer = server.get("/muster/values?property=user.city&prefix=o&limit=7");
    let text = answer.text;
    assert!(text.contains("user.city") && text.contains("limit: 7"), "{text}");
    for query in ["", "?property=user.city&limit=0", "?property=user.city&limt=1"] {
        assert_eq!(server.get(&format!("/muster/values{query}")).status, 400, "{query}");
    }
}

#[test]
fn licences_are_asked_for_by_tenant_and_user() {
    let server = Server::start();
    assert_eq!(server.get("/muster/licenses/report").json(), json!({"tenant": "default"}));
    assert_eq!(server.get("/muster/licenses/report?tenant=t").json(), json!({"tenant": "t"}));
    assert_eq!(server.get("/muster/licenses/report?tenant=off").status, 404);
    assert_eq!(server.get("/muster/licenses/explain?user=u%201").json(), json!({"userId": "u 1"}));
    assert_eq!(server.get("/muster/licenses/explain?user=nobody").status, 404);
    assert_eq!(server.get("/muster/licenses/explain").status, 400);
}
