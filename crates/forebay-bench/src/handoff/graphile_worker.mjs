// The peer graphile-worker, for `forebay-bench handoff`.
//
// Arguments: the folder with node_modules, what to do (`tell`, `prepare`, `drain` or `start`), the number of instances.
// Environment: PGHOST, PGPORT and PGUSER, or DATABASE_URL; PGDATABASE replaces the URL's database.
// Writes lines of JSON to stdout and starts when it reads a line from stdin, so that starting Node and loading modules
// is not measured.
//
// The settings are those of the project's performance page for its best figures (concurrency 24, a local queue of 500,
// completion in batches without delay). Every instance is a thread with an event loop of its own.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const CONCURRENCY = 24;
const settings = {
    concurrentJobs: CONCURRENCY,
    maxPoolSize: CONCURRENCY + 1,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
};

const [folder, task, instances] = isMainThread ? process.argv.slice(2) : workerData;
const require = createRequire(`${folder}/`);
const { Logger, WorkerPreset, run, runMigrations, runOnce } = require("graphile-worker");
const { Pool } = createRequire(require.resolve("graphile-worker"))("pg");

function options(pgPool) {
    const silent = new Logger(() => () => {});
    return {
        preset: { extends: [WorkerPreset], worker: { ...settings, logger: silent } },
        pgPool,
        noHandleSignals: true,
    };
}

function openPool() {
    const pool = { max: CONCURRENCY + 1 };
    if (process.env.DATABASE_URL) {
        const url = new URL(process.env.DATABASE_URL);
        url.pathname = `/${process.env.PGDATABASE}`;
        pool.connectionString = url.href;
    }
    const opened = new Pool(pool);
    // Who uses a connection hears of its end; a pool without a listener is warned of.
    opened.on("error", () => {});
    opened.on("connect", (client) => client.on("error", () => {}));
    return opened;
}

function tell(line) {
    process.stdout.write(`${JSON.stringify(line)}\n`);
}

const stdin = isMainThread ? createInterface({ input: process.stdin })[Symbol.asyncIterator]() : undefined;

async function prepare() {
    const pool = openPool();
    await runMigrations(options(pool));
    await pool.end();
}

// One instance that works until the queue is empty.
async function drainInThread() {
    const pool = openPool();
    await pool.query("");
    let done = 0;
    const taskList = {
        ingest: () => {
            done += 1;
        },
    };
    parentPort.postMessage({ ready: true });
    await new Promise((resolve) => parentPort.once("message", resolve));
    await runOnce({ ...options(pool), taskList });
    parentPort.postMessage({ done });
    await pool.end();
}

async function drain() {
    const threads = Array.from(
        { length: Number(instances) },
        () => new Worker(new URL(import.meta.url), { workerData: [folder, task, instances] }),
    );
    const answers = () =>
        Promise.all(
            threads.map(
                (thread) =>
                    new Promise((resolve, reject) => {
                        thread.once("message", resolve);
                        thread.once("error", reject);
                    }),
            ),
        );
    await answers();
    tell({ ready: true });
    await stdin.next();
    const finished = answers();
    const started = performance.now();
    for (const thread of threads) {
        thread.postMessage("go");
    }
    const done = (await finished).reduce((sum, answer) => sum + answer.done, 0);
    tell({ seconds: (performance.now() - started) / 1000, done });
}

// One instance that works until it is told to stop, and then tells when each job began, in ms since the epoch.
async function start() {
    const pool = openPool();
    const starts = [];
    const taskList = {
        ingest: ({ number }) => {
            starts.push([number, performance.timeOrigin + performance.now()]);
        },
    };
    const runner = await run({ ...options(pool), taskList });
    tell({ ready: true });
    await stdin.next();
    await runner.stop();
    tell({ starts });
    await pool.end();
}

if (!isMainThread) {
    await drainInThread();
} else {
    tell({ version: require("graphile-worker/package.json").version, node: process.versions.node });
    if (task === "prepare") {
        await prepare();
    } else if (task === "drain") {
        await drain();
    } else if (task === "start") {
        await start();
    }
    process.exit(0);
}
