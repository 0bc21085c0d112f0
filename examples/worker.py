"""An ingestion worker for Forebay in Python: put what you do with a change into `ingest`.

    pip install "psycopg[binary]"
    FOREBAY_WORKER_URL=postgresql://indexer:…@host/db FOREBAY_PIPELINE=index python worker.py

The login role is a member of the pipeline's role (`role` in forebay.toml), or of `forebay_worker` if it has none; see
docs/guides/external-workers.md.

Delivery is at least once: write by `reference_id`, so that the same change twice does no harm. On SIGTERM or SIGINT the
worker ends what it is at, gives the rest back and leaves; the second signal ends it at once.
"""
import contextlib, datetime, json, logging, os, random, signal, socket, threading

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

URL = os.environ["FOREBAY_WORKER_URL"]
PIPELINE = os.environ["FOREBAY_PIPELINE"]
BATCH = int(os.environ.get("FOREBAY_BATCH", "20"))
LEASE = datetime.timedelta(seconds=float(os.environ.get("FOREBAY_LEASE_SECONDS", "60")))
NAME = f"{socket.gethostname()}/{os.getpid()}"
stopping = threading.Event()
log = logging.getLogger("worker")


class Rejected(Exception):
    """This content can never be ingested: it is not tried again until it changes."""


class Throttled(Exception):
    """The other side wants to be left alone for `retry_after` seconds: all workers of the pipeline wait."""

    def __init__(self, message, retry_after):
        super().__init__(message)
        self.retry_after = retry_after


def ingest(job):
    """Your work. `payload` is what is stored now, and None when the reference was removed."""
    if job["payload"] is not None and "title" not in job["payload"]:
        raise Rejected("the field title is missing")
    print(json.dumps({"reference_id": str(job["reference_id"]), "change": job["change"]}), flush=True)


class Database:
    """One connection that comes back; each call is a transaction of its own, without prepared names (poolers)."""

    connection = None

    def call(self, statement, *arguments):
        delay, tries_left = 1.0, 3
        while True:
            try:
                if self.connection is None or self.connection.closed:
                    self.connection = psycopg.connect(
                        URL, autocommit=True, prepare_threshold=None, row_factory=dict_row, connect_timeout=10)
                return self.connection.execute(statement, arguments).fetchall()
            except psycopg.OperationalError as error:
                log.warning("the database is away, trying again: %s", error)
                if stopping.is_set() and (tries_left := tries_left - 1) == 0:
                    raise
                stopping.wait(random.uniform(delay / 2, delay))
                delay = min(delay * 2, 60.0)


@contextlib.contextmanager
def heartbeat(receipt):
    """Extends the lease from a thread of its own; what it yields is set when the claim is no longer ours."""
    ended, lost = threading.Event(), threading.Event()

    def beat():
        database = Database()
        while not ended.wait(LEASE.total_seconds() / 3) and not lost.is_set():
            rows = database.call("select * from forebay.heartbeat_jobs(%s, %s, %s)", PIPELINE, [receipt], LEASE)
            if rows[0]["verdict"] == "lost":
                lost.set()
        if database.connection:
            database.connection.close()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        ended.set()


def report(database, statement, told, arguments):
    """Tells how attempts ended, again for those whose rows somebody had locked (busy)."""
    while told:
        rows = database.call(statement, PIPELINE, *arguments(told))
        for row in rows:
            if row["verdict"] in ("stale", "lost"):
                log.warning("%s came too late: %s", row["reference_id"], row["verdict"])
        told = [one for one, row in zip(told, rows) if row["verdict"] == "busy"]
        if told:
            threading.Event().wait(0.2)


def failure(job, error):
    known = {Rejected: ("permanent", "rejected"), Throttled: ("throttled", "throttled")}
    failure_class, reason_code = known.get(type(error), ("transient", type(error).__name__.lower()))
    return {"reference_id": str(job["reference_id"]), "receipt": str(job["receipt"]), "class": failure_class,
            "reason_code": reason_code, "message": str(error)[:500],
            "retry_after_seconds": getattr(error, "retry_after", None)}


def work(database, jobs):
    done, failed, left = [], [], []
    with heartbeat(jobs[0]["receipt"]) as lost:
        for job in jobs:
            if stopping.is_set() or lost.is_set():
                left.append(job)
                continue
            try:
                ingest(job)
                done.append(job)
            except Exception as error:
                failed.append(failure(job, error))
        keys = lambda told: ([job["reference_id"] for job in told], [job["receipt"] for job in told])
        report(database, "select * from forebay.complete_jobs(%s, %s, %s)", done, keys)
        report(database, "select * from forebay.fail_jobs(%s, %s)", failed, lambda told: (Jsonb(told),))
        report(database, "select * from forebay.release_jobs(%s, %s, %s)", left, keys)


def stop(number, frame):
    stopping.set()
    signal.signal(number, signal.SIG_DFL)


def main():
    logging.basicConfig(level=logging.INFO)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    database = Database()
    while not stopping.is_set():
        jobs = database.call("select * from forebay.claim_jobs(%s, %s, %s, %s)", PIPELINE, BATCH, LEASE, NAME)
        if jobs:
            work(database, jobs)
        else:
            stopping.wait(1)


if __name__ == "__main__":
    main()
