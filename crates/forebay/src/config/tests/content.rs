//! `[content]`.

use forebay_domain::content::{PersistMode, layout::Preset};

use super::{error, parse, template_in_full};

#[test]
fn courses_are_configured_in_one_table() {
    let content = parse(&template_in_full()).content;
    assert_eq!(content.persist, Some(PersistMode::Shadow));
    assert_eq!(content.project.as_deref(), Some("academy"));
    assert_eq!((content.max_file_bytes.unwrap().get(), content.pool_size), (16 << 20, Some(4)));
    let limits = content.limits();
    assert_eq!((limits.lock_timeout.as_secs(), limits.statement_timeout.as_secs()), (5, 120));
    let layout = content.layout().unwrap();
    assert_eq!(layout.preset, Some(Preset::CreatorOs));
    assert_eq!(layout.lessons.unwrap(), ["unit-{module}/{lesson}-{slug}.md"]);
    assert_eq!(layout.research.market_analysis.unwrap(), ["research/market.md"]);

    let content = parse("[content]\nlayout = \"hugo\"").content;
    assert_eq!(content.layout().unwrap().preset, Some(Preset::Hugo));
    assert_eq!(parse("").content.layout(), None);
}

#[test]
fn mistakes_are_located_and_explained() {
    for (text, expected, meant) in [
        ("persit = \"on\"", "2:1: unknown field `persit`", Some("persist")),
        ("persist = \"shadwo\"", "2:11: unknown variant `shadwo`", Some("shadow")),
        ("persist = true", "2:11: invalid type: boolean `true`", None),
        ("project = \"\"", "2:1: project must not be empty", None),
        ("max_file_bytes = \"8 apples\"", "2:18: expected a size such as 512KiB", None),
        ("pool_size = 0", "2:1: pool_size must be from 1 to 100", None),
        ("pool_size = 1000", "2:1: pool_size must be from 1 to 100", None),
        ("lock_timeout = \"soon\"", "2:16: ", None),
        ("layout = \"mdbok\"", "2:10: unknown variant `mdbok`", Some("mdbook")),
        ("layout = 3", "2:10: invalid type: integer `3`, expected the name of a layout, or a table", None),
        ("[content.layout]\nlesson = []", "3:1: unknown field `lesson`", Some("lessons")),
        ("[content.layout]\nnumbers = \"ordr\"", "3:11: unknown variant `ordr`", Some("order")),
        (
            "[content.layout]\npreset = \"hugo\"\nbrief = [\"a/{slug}\"]",
            "4:1: content.layout.brief: `a/{slug}`",
            None,
        ),
        ("[content.layout]\nlessons = [\"{slug\"]", "3:1: content.layout.lessons: `{slug`", None),
        ("[content.layout]\nlessons = []", "3:1: content.layout.lessons is empty", None),
        (
            "[content.layout]\nnumbers = \"file_name\"\nlessons = [\"{slug}.md\"]",
            "3:1: content.layout.numbers is `file_name`",
            None,
        ),
        ("[content.layout.fields]\nid = \"\"", "3:1: content.layout.fields.id is empty", None),
        ("[content.layout.research]\nsources = [\"/a\"]", "3:1: content.layout.research.sources: `/a`", None),
    ] {
        let error = error(&format!("[content]\n{text}"));
        assert!(error.contains(&format!("forebay.toml:{expected}")), "{text}: {error}");
        let hint = meant.map(|name| format!("did you mean `{name}`?"));
        assert_eq!(error.contains("hint:"), hint.is_some(), "{text}: {error}");
        assert!(hint.is_none_or(|hint| error.contains(&hint)), "{text}: {error}");
    }
}
