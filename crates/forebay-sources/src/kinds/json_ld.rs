//! `json_ld`: the structured data that pages carry for search engines (JSON-LD 1.1, schema.org).
//!
//! A record is an object exactly as in the page, without its `@context`; nested objects stay inside it. Nothing is
//! resolved or expanded: `@id`, `url` and `identifier`, one of which is usually the key, are kept as written.
//!
//! Sites wrap their blocks in comments, escape them twice, or break lines inside strings. The reader repairs what it
//! can without guessing. A block that is still invalid is rejected; the other blocks of its page are read.

mod block;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::html::{Extraction, page_text, parse};
use super::{
    html::LinkRule,
    template::Urls,
    unreadable::{check_number, unreadable},
};
use crate::{Error, Harvest, Link, Page, Role, fetch::AllowedHost};

/// Maximum number of blocks in one page.
const MAX_BLOCKS: usize = 10_000;

/// JSON-LD in `<script type="application/ld+json">`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonLd {
    /// URL of the first page, or several. `{name}` is filled from the scope. Omit it with a `sitemap`.
    pub url: Option<Urls>,
    /// Types to read, such as `["Event", "Course"]`, with or without `https://schema.org/`. Default: every object.
    #[serde(default)]
    pub types: Vec<String>,
    /// Link to the next page, such as `a.next` or `link[rel=next]`. Default: none.
    pub next: Option<LinkRule>,
    /// Links to pages with more JSON-LD, such as `li.event a`; all matches are followed. Default: none.
    pub follow: Option<LinkRule>,
    /// Other hosts to which `next`, `follow` and redirects may lead. Default: none.
    #[serde(default)]
    pub allow_hosts: Vec<AllowedHost>,
}

impl JsonLd {
    /// The settings that determine what is read from a page, in a fixed order: all except the URLs.
    pub(super) fn reading(&self) -> impl Serialize {
        let Self { url: _, types, next, follow, allow_hosts } = self;
        (types, next, follow, allow_hosts)
    }

    /// Checks the settings. Error: `invalid_source_setting`.
    pub fn check(&self) -> Result<(), Error> {
        if self.types.iter().any(|name| block::short_type(name).is_empty()) {
            let problem = "contains an empty type name".to_owned();
            return Err(Error::InvalidSetting { setting: "json_ld.types", problem });
        }
        Ok(())
    }

    /// Reads a page. Errors: `page_unreadable`, `http_next`.
    pub fn harvest(&self, page: &Page, link: &Link) -> Result<Harvest, Error> {
        let text = page_text(page)?;
        let dom = parse(&text).map_err(|problem| unreadable(page, problem))?;
        let reading = Extraction::new(page, &dom, &self.allow_hosts);
        let mut harvest = Harvest::default();
        let mut blocks = block::Blocks::new(&self.types);
        let is_block = |index: &u32| {
            &*dom.elements[*index as usize].name == "script"
                && dom.attribute(*index, "type").is_some_and(is_json_ld)
        };
        for (number, index) in dom.inside(None).filter(is_block).enumerate() {
            if number >= MAX_BLOCKS {
                return Err(unreadable(page, format!("it has more than {MAX_BLOCKS} blocks of JSON-LD")));
            }
            blocks.read(dom.text(Some(index)), dom.elements[index as usize].line, &mut harvest.block);
            check_number(page, harvest.block.records.len() + harvest.block.rejected.len())?;
        }
        if link.role != Role::Detail {
            for followed in self.follow.iter().flat_map(|rule| reading.links(rule)) {
                match followed {
                    Ok(url) => reading.push_link(Link::new(url, Role::Detail), &mut harvest)?,
                    Err(_) => harvest.num_refused_links += 1,
                }
            }
            if let Some(next) = &self.next {
                harvest.links.extend(reading.next(next)?.map(|url| Link::new(url, link.role)));
            }
        }
        reading.finish(harvest)
    }
}

/// Whether a media type is JSON-LD; parameters are ignored.
fn is_json_ld(kind: &str) -> bool {
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/ld+json")
}

#[cfg(test)]
mod tests;
