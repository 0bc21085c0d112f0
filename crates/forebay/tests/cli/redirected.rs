//! Redirects to another site: no kind of source follows them, or asks that site anything.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::{Sandbox, database::database};

/// A site that answers every request except robots.txt with this, and its number of requests.
fn site(answer: impl Fn(&str) -> String + Send + 'static) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let num_asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&num_asked);
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            counted.fetch_add(1, Ordering::Relaxed);
            let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
            let path = lines.next().unwrap().unwrap().split(' ').nth(1).unwrap().to_owned();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let text = match path.as_str() {
                "/robots.txt" => "HTTP/1.1 404 No\r\n".to_owned(),
                path => answer(path),
            };
            // The program may have closed the connection.
            let _ = write!(connection, "{text}connection: close\r\ncontent-length: 0\r\n\r\n");
        }
    });
    (url, num_asked)
}

#[test]
fn no_kind_follows_a_redirect_to_another_site_or_asks_it_anything() {
    let (sandbox, db) = (Sandbox::new(), database());
    let (other, num_asked) = site(|_| "HTTP/1.1 200 Yes\r\n".to_owned());
    let (home, _) = site(move |path| format!("HTTP/1.1 302 Moved\r\nlocation: {other}{path}\r\n"));
    for (kind, table) in [
        ("http_json", format!("[sources.NAME.http_json]\nurl = \"{home}/a\"\n")),
        ("html", format!("[sources.NAME.html]\nurl = \"{home}/a\"\nfields = {{ id = \"h1\" }}\n")),
        ("json_ld", format!("[sources.NAME.json_ld]\nurl = \"{home}/a\"\n")),
        ("sitemap", format!("[sources.NAME.sitemap]\nurl = \"{home}/a\"\n[sources.NAME.json_ld]\n")),
        ("feed", format!("[sources.NAME.feed]\nurl = \"{home}/a\"\n")),
        ("ical", format!("[sources.NAME.ical]\nurl = \"{home}/a\"\n")),
        ("file", format!("[sources.NAME.file]\nurl = \"{home}/a\"\n")),
    ] {
        let key = if kind == "ical" { "" } else { "key = \"id\"\n" };
        let fetch = "[sources.NAME.fetch]\nallow_private = true\nrate = \"unlimited\"\nretries = 0\n";
        let text = format!("[sources.NAME]\n{key}{fetch}{table}").replace("NAME", kind);
        sandbox.configure(&text);
        let output = db.run(&sandbox, &format!("scrape {kind} --output json"));
        let shown = crate::shown(&output);
        assert!(shown.contains("\"redirected_away\""), "{kind}: {shown}");
        assert_eq!(num_asked.load(Ordering::Relaxed), 0, "{kind}: {shown}");
    }
}
