"""The peer of `forebay-bench scrape`: the same fields of the same pages, as Scrapy's own tutorial would read them.

All other settings are Scrapy's defaults. Like Forebay, it obeys robots.txt; cookies and the telnet console are off,
because Forebay has neither.
"""

import scrapy


class Courses(scrapy.Spider):
    name = "courses"
    custom_settings = {
        "ROBOTSTXT_OBEY": True,
        "DOWNLOAD_DELAY": 0,
        "COOKIES_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "FEED_EXPORT_ENCODING": "utf-8",
    }

    def __init__(self, url, **kwargs):
        super().__init__(**kwargs)
        self.start_urls = [url]

    def parse(self, response):
        for course in response.css("li.course"):
            link = course.css("h2 a::attr(href)").get()
            yield response.follow(link, self.parse_course, cb_kwargs={"id": course.attrib["data-id"]})
        next_page = response.css("a.next::attr(href)").get()
        if next_page is not None:
            yield response.follow(next_page, self.parse)

    def parse_course(self, response, id):
        def text(selector):
            return response.css(selector + "::text").get()

        yield {
            "id": id,
            "title": text("h1.title"),
            "code": text("p.code"),
            "summary": text("p.summary"),
            "department": text("dd.department"),
            "credits": text("dd.credits"),
            "level": text("dd.level"),
            "semester": text("dd.semester"),
            "language": text("dd.language"),
            "mode": text("dd.mode"),
            "campus": text("dd.campus"),
            "room": text("dd.room"),
            "capacity": text("dd.capacity"),
            "open": text("dd.open"),
            "instructor": text("a.instructor"),
            "instructor_url": response.urljoin(response.css("a.instructor::attr(href)").get()),
            "changed": response.css("time.changed::attr(datetime)").get(),
            "cover": response.urljoin(response.css("img.cover::attr(src)").get()),
            "syllabus": response.urljoin(response.css("a.syllabus::attr(href)").get()),
            "tags": response.css("ul.tags li.tag::text").getall(),
            "days": response.css("td.day::text").getall(),
            "times": response.css("td.time::text").getall(),
        }
