//! The demo site over real HTTP, requested by hand to rely on nothing but the standard.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;
use crate::catalogue::{Changes, changes};

/// Status and body of a GET by HTTP/1.0, in which the body ends with the connection.
async fn get_raw(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

/// All items of a list by id, following `next`, and the number of pages.
async fn crawl(address: SocketAddr, path: &str) -> (BTreeMap<String, Value>, usize) {
    let mut items = BTreeMap::new();
    let mut pages = 0;
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let (status, body) = get_raw(address, &path).await;
        assert_eq!(status, 200, "{path}");
        let page: Value = serde_json::from_str(&body).unwrap();
        for item in page["items"].as_array().unwrap() {
            let twice = items.insert(item["id"].as_str().unwrap().to_owned(), item.clone());
            assert!(twice.is_none(), "{item}");
        }
        pages += 1;
        next = page["next"].as_str().map(str::to_owned);
    }
    (items, pages)
}

#[tokio::test]
async fn a_crawl_meets_every_item_once() {
    let (address, site) = serve().await.unwrap();
    assert!(address.ip().is_loopback());
    let (courses, pages) = crawl(address, "/day/1/courses").await;
    assert_eq!((courses.len(), pages), (40, 2));
    let (events, pages) = crawl(address, "/day/1/events").await;
    assert_eq!((events.len(), pages), (15, 1));
    site.stop().await.unwrap();
}

#[tokio::test]
async fn the_second_day_is_the_first_with_the_changes_it_tells() {
    let (address, site) = serve().await.unwrap();
    let (first, _) = crawl(address, "/day/1/courses?page=1").await;
    let (again, _) = crawl(address, "/day/1/courses?page=1").await;
    assert_eq!(first, again);
    let (second, _) = crawl(address, "/day/2/courses?page=1").await;
    let Changes { added, removed, changed } = changes(2);
    assert_eq!((added.len(), removed.len(), changed.len()), (2, 1, 3));
    assert!(added.iter().all(|id| !first.contains_key(id) && second.contains_key(id)));
    assert!(removed.iter().all(|id| first.contains_key(id) && !second.contains_key(id)));
    let changed_ids: BTreeSet<_> = changed.iter().map(|(id, _)| id.as_str()).collect();
    for (id, course) in second.iter().filter(|(id, _)| first.contains_key(*id)) {
        assert_eq!(first[id] != *course, changed_ids.contains(id.as_str()), "{id}");
    }
    assert_eq!(crawl(address, "/day/1/events").await.0, crawl(address, "/day/2/events").await.0);
    site.stop().await.unwrap();
}

#[tokio::test]
async fn a_broken_list_is_the_beginning_of_the_whole_one_and_says_that_it_is_the_end() {
    let (address, site) = serve().await.unwrap();
    let (whole, _) = crawl(address, "/day/3/courses").await;
    let (broken, pages) = crawl(address, "/broken/day/3/courses").await;
    assert_eq!((broken.len(), pages), (12, 1));
    assert!(broken.iter().all(|(id, course)| whole[id] == *course));
    assert!(broken.len() * 2 < whole.len());
    assert_eq!(get_raw(address, "/broken/day/0/courses").await.0, 404);
    site.stop().await.unwrap();
}

#[tokio::test]
async fn missing_pages_are_not_found() {
    let (address, site) = serve().await.unwrap();
    for path in ["/", "/day/0/courses", "/day/1/courses?page=0", "/day/1/courses?page=3", "/day/1/students"] {
        assert_eq!(get_raw(address, path).await.0, 404, "{path}");
    }
    for path in ["/day/x/courses", "/day/99999999/courses", "/day/1/courses?page=x"] {
        assert_eq!(get_raw(address, path).await.0, 400, "{path}");
    }
    let (status, _) = get_raw(address, &format!("/day/{}/courses?page=3000", u16::MAX)).await;
    assert_eq!(status, 200);
    site.stop().await.unwrap();
}

#[tokio::test]
async fn a_stopped_site_no_longer_answers() {
    let (address, site) = serve().await.unwrap();
    site.stop().await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}
