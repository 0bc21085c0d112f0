//! Style and scripts, embedded. The name of each contains the hash of its content, so clients keep it forever.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use forebay_domain::hex;
use ring::digest::{SHA256, digest};

/// Characters of the hash in a name.
const HASH_LENGTH: usize = 16;

/// An embedded file.
struct Asset {
    /// Its name without the hash.
    file: &'static str,
    /// Its address.
    path: String,
    content_type: &'static str,
    content: &'static [u8],
}

static ASSETS: LazyLock<[Asset; 5]> = LazyLock::new(|| {
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    const STYLE: &str = "text/css; charset=utf-8";
    [
        asset("forebay.css", STYLE, include_bytes!("assets/forebay.css")),
        asset("forebay.js", SCRIPT, include_bytes!("assets/forebay.js")),
        asset("htmx.js", SCRIPT, include_bytes!("assets/htmx.min.js")),
        asset("uplot.css", STYLE, include_bytes!("assets/uplot.min.css")),
        asset("uplot.js", SCRIPT, include_bytes!("assets/uplot.min.js")),
    ]
});

fn asset(file: &'static str, content_type: &'static str, content: &'static [u8]) -> Asset {
    let hash = &hex::encode(digest(&SHA256, content).as_ref())[..HASH_LENGTH];
    Asset { file, path: format!("/assets/{hash}.{file}"), content_type, content }
}

/// The address of a file; empty if there is none of this name.
pub(super) fn path(file: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.file == file).map_or("", |asset| &asset.path)
}

/// `GET /assets/{name}`
pub(super) async fn serve(Path(name): Path<String>) -> Response {
    let is_named = |asset: &&Asset| asset.path.strip_prefix("/assets/") == Some(&name);
    match ASSETS.iter().find(is_named) {
        Some(asset) => {
            let headers = [
                (header::CONTENT_TYPE, asset.content_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, asset.content).into_response()
        }
        None => (StatusCode::NOT_FOUND, "there is no such file\n").into_response(),
    }
}
