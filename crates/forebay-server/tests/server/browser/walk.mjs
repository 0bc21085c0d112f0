// Walks through the dashboard as a person does, and checks each page with axe at both widths and both colour schemes.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

const { SERVER, CHROMIUM, MODULES, SCREENSHOTS, OPERATOR, VIEWER } = process.env;
const require = createRequire(join(MODULES, "here.js"));
const { chromium } = require("playwright-core");
const { AxeBuilder } = require("@axe-core/playwright");

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
const problems = [];

// The session that pages are opened with.
let session;

async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, storageState: session, ...options });
  const page = await context.newPage();
  page.on("console", (line) => { if (line.type() === "error") problems.push(`${page.url()}: ${line.text()}`); });
  page.on("pageerror", (error) => problems.push(`${page.url()}: ${error}`));
  return page;
}

const heading = (page) => page.locator("h1").textContent();

// Each page: no violation and nothing wider than the screen, at both widths; colours in both schemes.
async function inspect(paths) {
  const page = await open({ colorScheme: "light" });
  for (const path of paths) {
    await page.goto(SERVER + path);
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        const axe = new AxeBuilder({ page });
        if (colorScheme === "dark") axe.withRules(["color-contrast"]);
        for (const { id, nodes } of (await axe.analyze()).violations) {
          problems.push(`${path} at ${width}, ${colorScheme}: ${id}: ${nodes.map((node) => node.html).join(" ")}`);
        }
        if (SCREENSHOTS) {
          const name = path.replaceAll(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "") || "now";
          await page.screenshot({ path: join(SCREENSHOTS, `${name}-${width}-${colorScheme}.png`), fullPage: true });
        }
      }
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (overflow > 0) problems.push(`${path} at ${width}: ${overflow} pixels wider than the screen`);
    }
  }
  await page.context().close();
}

// Whoever has no session lands on the log-in, and afterwards on the page that they wanted.
async function logIn(page, token) {
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Log in" }).click();
}

await inspect(["/login"]);
const operator = await open();
await operator.goto(SERVER + "/workers");
assert.equal(await heading(operator), "Log in");
await logIn(operator, OPERATOR);
assert.equal(await heading(operator), "Workers");
session = await operator.context().storageState();

const reader = await open({ javaScriptEnabled: false });
await reader.goto(SERVER + "/");
assert.equal(await heading(reader), "Now");
const heldPath = new URL(await reader.getByRole("link", { name: "Look at what it withholds" }).first().getAttribute("href"), SERVER).pathname;
const runPath = heldPath.replace("/held", "");
await reader.goto(SERVER + heldPath);
const recordPath = await reader.locator(".change h3 a").first().getAttribute("href");
await reader.context().close();

await inspect(["/", "/runs", "/runs?source=seed.courses", runPath, heldPath, `${runPath}/log`, `${runPath}/decide/release`,
  "/handoffs", "/handoffs/retry?pipeline=seed.index&state=failed", "/sources", "/sources/seed.events", recordPath,
  "/handoffs/deliveries", "/freshness", "/workers", "/search?q=course", "/content", "/actions", "/v1/"]);

// What needs a person, read, decided, and gone from the list.
const page = await open();
await page.goto(SERVER + "/");
await page.getByRole("link", { name: "Look at what it withholds" }).first().click();
assert.match(await heading(page), /^What run \d+ of .* withholds$/);
await page.keyboard.press("j");
assert.equal(await page.evaluate(() => document.activeElement.id), "change-0");
await page.getByRole("link", { name: "Apply the changes…" }).click();
assert.match(await page.locator(".card").textContent(), /It will/);
await page.getByRole("button", { name: "Apply the changes" }).click();
await page.getByText("Released: the withheld changes are applied.").waitFor();
await page.goto(SERVER + "/runs?status=held");
assert.equal(await page.locator(`a[href="${runPath}"]`).count(), 0);

// Another viewer's page follows what happens.
const viewer = await open();
await viewer.goto(SERVER + "/handoffs");
const failed = () => viewer.locator("#causes ~ .scroll").first().textContent({ timeout: 1000 }).catch(() => "");
assert.match(await failed(), /document_refused/);

// Failures by cause, retried after a dry run.
await page.goto(SERVER + "/handoffs");
await page.locator("tr", { hasText: "document_refused" }).getByRole("link", { name: "Retry…" }).first().click();
assert.match(await page.locator(".card").textContent(), /will be tried again/);
await page.getByRole("button", { name: /^Retry/ }).click();
await page.getByText("Everything that could be retried is queued.").waitFor().catch(async (error) => {
  throw new Error(`${page.url()} says: ${await page.locator("main").textContent()}`, { cause: error });
});
await page.getByRole("link", { name: "Back to the hand-offs" }).click();
assert.equal(await page.locator("#causes").count(), 0);
await viewer.locator("#causes").waitFor({ state: "detached", timeout: 20_000 });

// A pipeline is paused and resumed, and a breaker opened and closed, each with a reason.
await page.goto(SERVER + "/handoffs");
await page.getByText("Pause or resume a pipeline…").click();
await page.getByLabel(/^Minutes/).fill("30");
await page.getByLabel(/^Reason \(/).fill("the index moves");
await page.getByRole("button", { name: "Pause" }).click();
await page.getByText(/■ paused until/).first().waitFor();
await page.getByText("Pause or resume a pipeline…").click();
await page.getByRole("button", { name: "Resume" }).click();
await page.getByText(/■ paused until/).first().waitFor({ state: "detached" });
await page.goto(SERVER + "/sources/seed.events");
for (const [command, state] of [["open", /forced.open/], ["close", "closed"]]) {
  await page.getByText("Change the breaker…").click();
  await page.getByLabel("What it does from now on").selectOption(command);
  await page.getByRole("button", { name: "Change the breaker" }).click();
  await page.locator("#breaker + p", { hasText: state }).waitFor();
}

// The slider of a record with several versions shows another one.
await page.goto(SERVER + "/references/seed.events%2FE-11");
const slider = page.locator("#slider");
if (await slider.count()) {
  await slider.focus();
  await page.keyboard.press("Home");
  await page.getByRole("button", { name: "Show" }).click();
  await page.waitForURL(/at=1/);
  assert.match(await page.locator("h2").first().textContent(), /Version 1 of/);
}

// An operation of the API, tried with a parameter of its path.
await page.goto(SERVER + "/v1/");
const operation = page.locator("details", { has: page.locator('form[action="/v1/runs/{run}"]') });
await operation.locator("summary").click();
await operation.getByLabel(/^run/).fill("latest");
await operation.getByRole("button", { name: "Send" }).click();
await operation.getByText(/^200/).waitFor();
assert.match(await operation.locator("pre").textContent(), /"run_id":/);

// A viewer sees no button that would be refused, and is refused when trying.
const watcher = await open({ storageState: undefined });
await watcher.goto(SERVER + "/");
await logIn(watcher, VIEWER);
await watcher.locator("header", { hasText: "viewer" }).waitFor();
for (const path of ["/", "/runs", runPath, heldPath, "/handoffs", "/handoffs?state=failed", "/sources/seed.events"]) {
  await watcher.goto(SERVER + path);
  const offers = watcher.locator("main a[href*='/decide/'], main a[href^='/handoffs/retry'], main form[method=post]");
  assert.equal(await offers.count(), 0, path);
}
const tried = await watcher.request.post(`${SERVER}${runPath}/decide/revert`, { form: { expected: "0-0-0-0-0" } });
assert.equal(tried.status(), 403);
await watcher.getByRole("button", { name: "Log out" }).click();
assert.equal(await heading(watcher), "Log in");
await watcher.goto(SERVER + "/runs");
assert.equal(await heading(watcher), "Log in");

await browser.close();
assert.deepEqual(problems, []);
