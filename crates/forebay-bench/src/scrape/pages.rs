//! The pages of a made-up site: lists of courses, and a page for each course, about as large and as deep as real pages.
//! The same number always gives the same page.

use std::fmt::{self, Write};

const WORDS: [&str; 16] = [
    "harbour", "signal", "meadow", "quartz", "lantern", "orbit", "timber", "velvet", "anchor", "prairie",
    "copper", "saffron", "glacier", "willow", "ember", "summit",
];
const DEPARTMENTS: [&str; 6] = ["Mathematics", "Physics", "History", "Design", "Economics", "Linguistics"];
const DAYS: [&str; 5] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];

/// Courses on a full list.
const LISTED: u64 = 39;
/// What surrounds a course on its page: links of the navigation, style sheets, similar courses, paragraphs, footnotes.
const NUM_SECTIONS: u64 = 18;
const NUM_STYLES: u64 = 6;
const NUM_ALIKE: u64 = 20;
const NUM_PARAGRAPHS: u64 = 12;
const NUM_FOOTNOTES: u64 = 30;

/// The pages of a site.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pages {
    num_lists: u64,
    num_courses: u64,
}

impl Pages {
    /// This many pages, with as few lists as possible.
    pub(crate) fn new(num_pages: u64) -> Self {
        let num_lists = num_pages.div_ceil(LISTED + 1);
        Self { num_lists, num_courses: num_pages - num_lists }
    }

    pub(crate) fn num_courses(self) -> u64 {
        self.num_courses
    }

    /// The page at a path.
    pub(super) fn page(self, path: &str) -> Option<String> {
        let number = |text: &str| text.parse::<u64>().ok();
        let mut page = String::with_capacity(12 << 10);
        let written = if let Some(list) = path.strip_prefix("/lists/").and_then(number) {
            (list < self.num_lists).then(|| self.list(&mut page, list))
        } else {
            let course = path.strip_prefix("/courses/").and_then(number)?;
            (course < self.num_courses).then(|| self.course(&mut page, course))
        };
        // Writing to a String cannot fail.
        written?.ok()?;
        Some(page)
    }

    fn list(self, page: &mut String, list: u64) -> fmt::Result {
        head(page, &format!("Courses, page {}", list + 1))?;
        page.push_str("<main class=\"catalogue\">\n<h1>Courses</h1>\n<ol class=\"courses\">\n");
        for course in list * LISTED..self.num_courses.min((list + 1) * LISTED) {
            let mut words = Words::new(course);
            writeln!(
                page,
                "<li class=\"course\" data-id=\"{course}\"><h2><a href=\"/courses/{course}\">{} and {}</a></h2>\
                 <p class=\"teaser\">{} {} {}</p><span class=\"seats\">{} seats</span></li>",
                words.next(),
                words.next(),
                words.next(),
                words.next(),
                words.next(),
                course % 180,
            )?;
        }
        page.push_str("</ol>\n");
        if list + 1 < self.num_lists {
            writeln!(page, "<a class=\"next\" rel=\"next\" href=\"/lists/{}\">Next page</a>", list + 1)?;
        }
        page.push_str("</main>\n");
        foot(page)
    }

    fn course(self, page: &mut String, course: u64) -> fmt::Result {
        let mut words = Words::new(course);
        let department = DEPARTMENTS[index(course, DEPARTMENTS.len())];
        let title = format!("{} and {} {course}", words.next(), words.next());
        head(page, &title)?;
        writeln!(
            page,
            "<nav class=\"trail\"><a href=\"/\">Home</a> / <a href=\"/lists/{}\">Courses</a></nav>\n\
             <main class=\"course\" itemscope><article>\n<header><h1 class=\"title\">{title}</h1>\
             <p class=\"code\">{}-{course:05}</p></header>\n\
             <p class=\"summary\">{} {} &amp; {} {}</p>",
            course / LISTED,
            &department[..3],
            words.next(),
            words.next(),
            words.next(),
            words.next(),
        )?;
        let instructor = format!("{} {}", words.next(), words.next());
        let facts: [(&str, &str, String); 10] = [
            ("Department", "department", department.to_owned()),
            ("Credits", "credits", (course % 6 + 1).to_string()),
            ("Level", "level", (100 + course % 5 * 100).to_string()),
            ("Semester", "semester", "Spring 2026".to_owned()),
            (
                "Language",
                "language",
                if course.is_multiple_of(3) { "Français" } else { "English" }.to_owned(),
            ),
            ("Mode", "mode", if course.is_multiple_of(2) { "In person" } else { "Online" }.to_owned()),
            ("Campus", "campus", words.next().to_owned()),
            ("Room", "room", format!("{}{}", words.next(), course % 400)),
            ("Seats", "capacity", (course % 180 + 20).to_string()),
            ("Open seats", "open", (course % 20).to_string()),
        ];
        page.push_str("<dl class=\"facts\">\n");
        for (label, class, value) in &facts {
            writeln!(page, "<div><dt>{label}</dt><dd class=\"{class}\">{value}</dd></div>")?;
        }
        writeln!(
            page,
            "</dl>\n<p class=\"by\">Taught by <a class=\"instructor\" href=\"/people/{}\">{instructor}</a>, \
             changed on <time class=\"changed\" datetime=\"2026-01-{:02}\">this page</time></p>\n\
             <img class=\"cover\" src=\"/covers/{course}.png\" alt=\"\"><a class=\"syllabus\" \
             href=\"../files/{course}.pdf\">Syllabus</a>\n<ul class=\"tags\">",
            course % 700,
            course % 28 + 1,
        )?;
        for _ in 0..=course % 4 {
            writeln!(page, "<li class=\"tag\">{}</li>", words.next())?;
        }
        page.push_str(
            "</ul>\n<table class=\"meetings\"><thead><tr><th>Day</th><th>Time</th></tr></thead><tbody>\n",
        );
        for meeting in 0..=course % 3 {
            writeln!(
                page,
                "<tr><td class=\"day\">{}</td><td class=\"time\">{:02}:00</td></tr>",
                DAYS[index(course + meeting, DAYS.len())],
                8 + (course + meeting) % 10,
            )?;
        }
        page.push_str("</tbody></table>\n<section class=\"about\">\n");
        for _ in 0..NUM_PARAGRAPHS {
            page.push_str("<p>");
            for _ in 0..40 {
                page.push_str(words.next());
                page.push(' ');
            }
            page.push_str("<em>end</em>.</p>\n");
        }
        page.push_str("</section>\n<aside class=\"alike\"><h2>Courses like it</h2><ul>\n");
        for alike in 0..NUM_ALIKE {
            let other = (course + alike * 7) % self.num_courses.max(1);
            writeln!(
                page,
                "<li><a href=\"/courses/{other}\">{} and {}</a></li>",
                words.next(),
                words.next()
            )?;
        }
        page.push_str("</ul></aside>\n</article></main>\n");
        foot(page)
    }
}

fn head(page: &mut String, title: &str) -> fmt::Result {
    write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta property=\"og:title\" content=\"{title}\">\n"
    )?;
    for style in 0..NUM_STYLES {
        writeln!(page, "<link rel=\"stylesheet\" href=\"/static/style-{style}.css\">")?;
    }
    page.push_str("</head>\n<body>\n<header class=\"site\"><nav><ul>\n");
    for section in 0..NUM_SECTIONS {
        writeln!(page, "<li class=\"entry\"><a href=\"/sections/{section}\">Section {section}</a></li>")?;
    }
    page.push_str("</ul></nav></header>\n");
    Ok(())
}

fn foot(page: &mut String) -> fmt::Result {
    page.push_str("<footer class=\"site\"><ul class=\"links\">\n");
    for note in 0..NUM_FOOTNOTES {
        writeln!(page, "<li><a class=\"footnote\" href=\"/notes/{note}\">Footnote {note}</a></li>")?;
    }
    page.push_str("</ul><p>A site that is made up.</p></footer>\n</body>\n</html>\n");
    Ok(())
}

/// Pseudo-random words (xorshift).
struct Words(u64);

impl Words {
    fn new(number: u64) -> Self {
        Self(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> &'static str {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        WORDS[usize::try_from(self.0 >> 60).unwrap_or_default()]
    }
}

fn index(number: u64, length: usize) -> usize {
    usize::try_from(number).unwrap_or_default() % length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_has_exactly_its_pages() {
        for num_pages in [2, 40, 41, 60, 1000] {
            let pages = Pages::new(num_pages);
            assert_eq!(pages.num_lists + pages.num_courses, num_pages);
            assert!(pages.num_courses <= pages.num_lists * LISTED, "all are listed");
            assert!(pages.page(&format!("/courses/{}", pages.num_courses)).is_none());
            assert!(pages.page(&format!("/lists/{}", pages.num_lists)).is_none());
        }
    }

    #[test]
    fn a_page_is_about_as_large_as_a_real_one() {
        let page = Pages::new(1000).page("/courses/7").unwrap();
        assert!((8_000..12_000).contains(&page.len()), "{}", page.len());
    }
}
