//! Schedules with real workers: a due scope is run once, and the claims of a killed worker are taken over.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
};

use forebay_engine::clock;
use serde_json::{Value, json};

use crate::site::{PATIENCE, World};

const DUE: &str = "update forebay.source_schedules set next_due_at = now() - interval '1 second'";
const NUM_RUNNING: &str = "select count(*) from forebay.scrape_runs where status = 'running'";
const NUM_FINISHED: &str =
    "select count(*) from forebay.source_schedules where last_run_id is not null and claim is null";

/// A worker; dropping it kills it if it still runs.
struct Worker {
    process: Child,
    stderr: Receiver<String>,
}

impl Worker {
    /// Starts a worker, and waits until it works.
    fn start(world: &World) -> Self {
        let mut command = world.sandbox.command("work --output json --grace 5s");
        command.env("FOREBAY_DATABASE_URL", &world.db.url).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let output = BufReader::new(process.stderr.take().unwrap());
        let (sender, stderr) = channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let worker = Self { process, stderr };
        worker.wait_for("working for");
        worker
    }

    fn wait_for(&self, beginning: &str) {
        while !self.stderr.recv_timeout(PATIENCE).expect("the worker says nothing").starts_with(beginning) {}
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
    }

    /// Stops the worker and returns its document.
    fn stop(mut self) -> Value {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let mut stdout = String::new();
        std::io::Read::read_to_string(self.process.stdout.as_mut().unwrap(), &mut stdout).unwrap();
        assert_eq!(self.process.wait().unwrap().code(), Some(130), "{stdout}");
        serde_json::from_str(stdout.lines().last().unwrap()).unwrap()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It fails only if the process has ended.
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}

/// A source that is scraped every day and is due now.
fn due() -> World {
    let world = World::new();
    world.configure("schedule = \"every 1d\"");
    let declared = world.done("work --drain");
    assert_eq!(declared["schedules"]["num_runs"], 0, "it is not due: {declared}");
    world.db.execute(DUE);
    world
}

#[test]
fn two_workers_run_what_is_due_once() {
    let world = due();
    // The site responds only after both workers look for work.
    world.site.hold(true);
    let workers = [Worker::start(&world), Worker::start(&world)];
    world.wait_for(NUM_RUNNING, "1");
    world.site.hold(false);
    world.wait_for(NUM_FINISHED, "1");
    let documents = workers.map(Worker::stop);
    let num_runs = |document: &Value| document["schedules"]["num_runs"].as_u64().unwrap();
    assert_eq!(documents.iter().map(num_runs).sum::<u64>(), 1, "{documents:?}");
    assert_eq!((world.num_runs(), world.site.num_asked()), ("1".to_owned(), 2));
    let listed = world.done("sources list");
    let next = listed["items"][0]["next_due_at"].as_str().unwrap();
    assert!(next.parse::<jiff::Timestamp>().unwrap() > clock::now());
    assert_eq!(world.done("sources show courses")["schedules"][0]["last_run_id"], 1);
}

#[test]
fn the_jobs_of_a_killed_worker_are_taken_over_after_its_lease() {
    let world = due();
    world.site.hold(true);
    let killed = Worker::start(&world);
    world.wait_for(NUM_RUNNING, "1");
    killed.kill();
    world.site.hold(false);
    // Its claim blocks every other worker.
    assert_eq!(world.done("work --drain")["schedules"]["num_runs"], 0);
    world.db.execute("update forebay.source_schedules set claimed_until = now() - interval '1 second'");
    let worker = Worker::start(&world);
    world.wait_for(NUM_FINISHED, "1");
    assert_eq!(
        worker.stop()["schedules"],
        json!({"num_runs": 1, "num_failed": 0, "num_partial": 0, "num_held": 0, "num_refused": 0})
    );
    let states = "select string_agg(status, ',' order by run_id) from forebay.scrape_runs";
    assert_eq!(world.db.value(states), "aborted,complete");
}

#[test]
fn schedules_can_be_left_to_others() {
    let world = due();
    assert_eq!(world.done("work --drain --no-schedules")["schedules"]["num_runs"], 0);
    assert_eq!(world.num_runs(), "0");
    let drained = world.done("work --drain");
    assert_eq!((&drained["schedules"]["num_runs"], world.num_runs()), (&json!(1), "1".to_owned()));
    // The same command also ingested the scraped records.
    assert_eq!(drained["pipelines"][0]["num_succeeded"], 3, "{drained}");
}
