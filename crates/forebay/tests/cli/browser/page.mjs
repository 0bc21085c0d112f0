// Opens a page with supabase-js in headless Chromium and reads there, once with the public key and once signed in.
// Prints one JSON document: what the page found, and the text of all responses that it got from the API.
import { createHmac } from "node:crypto"
import { readFile } from "node:fs/promises"
import { createServer } from "node:http"

const { API_URL, JWT_SECRET, CHROMIUM, PLAYWRIGHT, BUNDLE } = process.env
const { chromium } = await import(PLAYWRIGHT)

function token(claims) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url")
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`
  return `${signed}.${createHmac("sha256", JWT_SECRET).update(signed).digest("base64url")}`
}

/** Runs in the page. Supabase serves PostgREST below a path; here it has none. */
async function read({ url, key, token }) {
  const client = supabase.createClient(url, key, {
    accessToken: async () => token,
    global: { fetch: (input, init) => fetch(String(input).replace("/rest/v1", ""), init) },
  })
  const api = client.schema("forebay_api")
  const tables = client.schema("forebay")
  const queries = {
    references: api
      .from("references")
      .select("record_key, source_name, version, payload, revisions(field_name, new_value), run(status), source(name)")
      .order("record_key"),
    revisions: api.from("revisions").select("field_name, new_value, reference(record_key)").eq("change", "updated"),
    runs: api.from("runs").select("source_name, status, field_coverage, source(name)").order("started_at"),
    freshness: api.from("freshness").select("entity_type, num_records"),
    sources: api.from("sources").select("name"),
    found: api.rpc("find_reference", { source_name: "courses", record_key: "a" }).select("record_key"),
    not_found: api.rpc("find_reference", { source_name: "rooms", record_key: "hidden" }).select("record_key"),
    tables: tables.from("references").select("record_key, revisions(field_name)").order("record_key"),
    table_of_revisions: tables.from("reference_revisions").select("field_name, new_value").eq("change", "updated"),
    table_of_runs: tables.from("scrape_runs").select(),
    table_of_sources: tables.from("sources").select(),
    table_of_handoffs: tables.from("ingestion_handoffs").select(),
  }
  const results = {}
  for (const [name, query] of Object.entries(queries)) {
    const { data, error } = await query
    results[name] = error ? error.code || error.message : data
  }
  return results
}

const page = '<!doctype html><title>Courses</title><script src="/supabase.js"></script>'
const bundle = await readFile(BUNDLE)
const site = createServer((request, response) => {
  const isScript = request.url === "/supabase.js"
  response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html; charset=utf-8")
  response.end(isScript ? bundle : page)
})
await new Promise((done) => site.listen(0, "127.0.0.1", done))

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  // Nothing but loopback.
  args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
})
try {
  const tab = await browser.newPage()
  const responses = []
  tab.on("response", (response) => {
    if (response.url().startsWith(API_URL)) responses.push(response.text())
  })
  await tab.goto(`http://127.0.0.1:${site.address().port}/`)
  const key = token({ role: "anon" })
  const anon = await tab.evaluate(read, { url: API_URL, key, token: null })
  const signedIn = token({ role: "authenticated", sub: "a-user" })
  const user = await tab.evaluate(read, { url: API_URL, key, token: signedIn })
  const received = (await Promise.all(responses)).join("\n")
  console.log(JSON.stringify({ anon, user, num_responses: responses.length, received }))
} finally {
  await browser.close()
  site.close()
}
