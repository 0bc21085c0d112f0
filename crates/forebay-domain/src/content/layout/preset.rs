//! Presets: the layouts of common folders, as data.

use crate::content::ResearchKind;

crate::words! {
    /// Where the numbers of modules and lessons come from.
    pub enum Numbers {
        /// From the front matter, else the file name, else the curriculum, else the order.
        FrontMatter = "front_matter",
        /// From the file name, else the curriculum, else the front matter, else the order.
        FileName = "file_name",
        /// From the order: the curriculum or summary, else positions in the front matter, else natural order of paths.
        Order = "order",
    }

    /// A layout that needs no settings.
    pub enum Preset {
        /// The folder of a course generator: brief, outline, curriculum, research, `lessons/<M>.<L>-<slug>.md`.
        CreatorOs = "creator-os",
        /// A folder of Markdown with front matter. Each folder is a module.
        Markdown = "markdown",
        /// An mdBook: `src/SUMMARY.md` gives the order.
        Mdbook = "mdbook",
        /// A Docusaurus site: `docs/`, with number prefixes, `sidebar_position` and `_category_.json`.
        Docusaurus = "docusaurus",
        /// A Hugo site: `content/`, with `weight` and `_index.md`.
        Hugo = "hugo",
    }
}

/// The patterns of a preset.
pub(super) struct PresetPatterns {
    pub(super) brief: &'static [&'static str],
    pub(super) outline: &'static [&'static str],
    pub(super) curriculum: &'static [&'static str],
    pub(super) modules: &'static [&'static str],
    pub(super) lessons: &'static [&'static str],
    pub(super) research: &'static [(ResearchKind, &'static str)],
    pub(super) assessments: &'static [&'static str],
    pub(super) resources: &'static [&'static str],
    pub(super) ignored: &'static [&'static str],
    pub(super) numbers: Numbers,
    pub(super) position: &'static str,
}

/// What every layout ignores: hidden files, files of editors and downloads in progress, and files that systems leave.
pub(super) const ALWAYS_IGNORED: &[&str] = &[
    "**/.*",
    "**/.*/**",
    "**/*~",
    "**/*.tmp",
    "**/*.swp",
    "**/*.part",
    "**/#*#",
    "**/Thumbs.db",
    "**/desktop.ini",
];

const RESEARCH: &[(ResearchKind, &str)] = &[
    (ResearchKind::MarketAnalysis, "research/market-analysis.md"),
    (ResearchKind::ContentGaps, "research/content-gaps.md"),
    (ResearchKind::Differentiation, "research/differentiation.md"),
    (ResearchKind::Sources, "research/sources.md"),
];

const CREATOR_OS: PresetPatterns = PresetPatterns {
    brief: &["COURSE-BRIEF.md"],
    outline: &["course-outline.md"],
    curriculum: &["curriculum.yaml", "curriculum.yml"],
    modules: &[],
    // A lesson with a wrong file name is a lesson nevertheless.
    lessons: &["lessons/{module}.{lesson}-{slug}.md", "lessons/**/{slug}.md"],
    research: RESEARCH,
    assessments: &["assessments/**"],
    resources: &["resources/**"],
    ignored: &[],
    numbers: Numbers::FileName,
    position: "position",
};

const MARKDOWN: PresetPatterns = PresetPatterns {
    brief: &["COURSE-BRIEF.md"],
    outline: &["README.md", "index.md"],
    curriculum: &["curriculum.yaml", "curriculum.yml"],
    modules: &["**/README.md", "**/index.md"],
    lessons: &[
        "{module}-*/{lesson}-{slug}.md",
        "{module}-*/{slug}.md",
        "**/{lesson}-{slug}.md",
        "**/{slug}.md",
    ],
    research: RESEARCH,
    assessments: &["assessments/**"],
    resources: &["**"],
    ignored: &[],
    numbers: Numbers::FrontMatter,
    position: "position",
};

const MDBOOK: PresetPatterns = PresetPatterns {
    brief: &["COURSE-BRIEF.md"],
    outline: &["src/SUMMARY.md"],
    curriculum: &[],
    modules: &[],
    lessons: &["src/**/{slug}.md"],
    research: &[],
    assessments: &[],
    resources: &["src/**"],
    ignored: &["book/**"],
    numbers: Numbers::Order,
    position: "position",
};

const DOCUSAURUS: PresetPatterns = PresetPatterns {
    brief: &["COURSE-BRIEF.md"],
    outline: &["sidebars.js", "sidebars.ts"],
    curriculum: &[],
    modules: &["docs/**/_category_.json", "docs/**/_category_.yml", "docs/**/_category_.yaml"],
    lessons: &[
        "docs/**/{lesson}-{slug}.md",
        "docs/**/{lesson}-{slug}.mdx",
        "docs/**/{slug}.md",
        "docs/**/{slug}.mdx",
    ],
    research: &[],
    assessments: &[],
    resources: &["docs/**", "static/**"],
    ignored: &["node_modules/**", "build/**"],
    numbers: Numbers::Order,
    position: "sidebar_position",
};

const HUGO: PresetPatterns = PresetPatterns {
    brief: &["COURSE-BRIEF.md"],
    outline: &["content/_index.md"],
    curriculum: &[],
    modules: &["content/**/_index.md"],
    lessons: &["content/**/{slug}/index.md", "content/**/{slug}.md"],
    research: &[],
    assessments: &[],
    resources: &["content/**", "static/**", "assets/**"],
    ignored: &["public/**", "resources/_gen/**"],
    numbers: Numbers::Order,
    position: "weight",
};

impl Preset {
    pub(super) const fn patterns(self) -> &'static PresetPatterns {
        match self {
            Self::CreatorOs => &CREATOR_OS,
            Self::Markdown => &MARKDOWN,
            Self::Mdbook => &MDBOOK,
            Self::Docusaurus => &DOCUSAURUS,
            Self::Hugo => &HUGO,
        }
    }
}
