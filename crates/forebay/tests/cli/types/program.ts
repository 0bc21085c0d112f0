// Reads and works through PostgREST with the generated types. Prints one JSON document.
import { createHmac } from "node:crypto"

import { createClient, type WebSocketLikeConstructor } from "@supabase/supabase-js"
import WebSocket from "ws"

import type { Database, Tables } from "./database.types.js"

const { API_URL = "", JWT_SECRET = "" } = process.env

function token(role: string): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ role })}`
  return `${signed}.${createHmac("sha256", JWT_SECRET).update(signed).digest("base64url")}`
}

/** A client with the rights of a role. Supabase serves PostgREST below a path; here it has none. */
function client(role: string) {
  return createClient<Database, "forebay">(API_URL, token(role), {
    db: { schema: "forebay" },
    auth: { persistSession: false, autoRefreshToken: false },
    realtime: { transport: WebSocket as unknown as WebSocketLikeConstructor },
    global: { fetch: (input, init) => fetch(String(input).replace("/rest/v1", ""), init) },
  })
}

function value<R extends { data: unknown; error: { message: string } | null }>(result: R): NonNullable<R["data"]> {
  if (!result.data) throw new Error(result.error?.message)
  return result.data
}

type Revision = Pick<Tables<{ schema: "forebay_api" }, "revisions">, "field_name" | "old_value" | "new_value">

const visitor = client("authenticated").schema("forebay_api")
const references = value(
  await visitor.from("references").select("id, record_key, entity_type, version, payload").order("record_key"),
)
const published: { key: string | null; version: number | null; revisions: Revision[] }[] = []
for (const reference of references) {
  const revisions: Revision[] = value(
    await visitor
      .from("revisions")
      .select("field_name, old_value, new_value")
      .eq("reference_id", reference.id ?? "")
      .eq("change", "updated")
      .order("field_name"),
  )
  published.push({ key: reference.record_key, version: reference.version, revisions })
}

const run = value(
  await visitor
    .from("runs")
    .select("id, source_name, status, num_added, field_coverage")
    .order("started_at")
    .limit(1)
    .single(),
)
// The types say that an id is text.
const id: string | null = run.id

// The same from the tables, where a run has one source and a list of fields.
const service = client("service_role")
const stored = value(
  await service
    .from("scrape_runs")
    .select("run_id, sources (name), scrape_run_fields (field_name, coverage)")
    .eq("run_id", Number(id))
    .single(),
)
const source: string = stored.sources.name
const coverage: Record<string, number> = {}
for (const field of stored.scrape_run_fields) coverage[field.field_name] = field.coverage

const worker = client("forebay_worker")
const jobs = value(await worker.rpc("claim_jobs", { pipeline: "index", max_jobs: 10, worker: "program" }))
const completed = value(
  await worker.rpc("complete_jobs", {
    pipeline: "index",
    receipts: jobs.map((job) => job.receipt),
    reference_ids: jobs.map((job) => job.reference_id),
  }),
)

const refused = await visitor.from("references").select("no_such_column")
// @ts-expect-error There is no such column.
void (() => refused.data?.[0]?.no_such_column)
// @ts-expect-error The pipeline is missing.
void (() => worker.rpc("claim_jobs", {}))

console.log(
  JSON.stringify({
    published,
    run: { source, status: run.status, num_added: run.num_added, coverage, is_same: run.source_name === source },
    field_coverage: run.field_coverage,
    claimed: jobs.map((job) => job.record_key).sort(),
    verdicts: [...new Set(completed.map((job) => job.verdict))],
    is_refused: refused.error !== null,
  }),
)
