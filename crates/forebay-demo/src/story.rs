//! The order of the steps.

use crate::{
    broken, error::Result, first_day, memory::Memory, point_in_time, replay, second_day, stage::Stage,
    step::Step,
};

/// The demo as it plays, step by step.
#[derive(Debug)]
pub struct Story<'a> {
    stage: &'a Stage,
    num_steps: usize,
    memory: Memory,
}

impl<'a> Story<'a> {
    /// A demo that has not begun. Play it once: it relies on an empty database.
    pub fn new(stage: &'a Stage) -> Self {
        Self { stage, num_steps: 0, memory: Memory::default() }
    }

    /// Plays the next step; None after the last one.
    ///
    /// Errors: `demo_failed` if a claim does not hold, and every error of the engine.
    pub async fn next(&mut self) -> Result<Option<Step>> {
        self.num_steps += 1;
        let (number, stage, memory) = (self.num_steps, self.stage, &mut self.memory);
        let step = match number {
            1 => first_day::database(number, stage, memory).await?,
            2 => first_day::scrape(number, stage, memory).await?,
            3 => first_day::ingest(number, stage, memory).await?,
            4 => first_day::search(number, stage).await?,
            5 => replay::replay(number, stage, memory).await?,
            6 => second_day::scrape_and_ingest(number, stage, memory).await?,
            7 => point_in_time::compare(number, stage, &memory.changes).await?,
            8 => broken::scrape(number, stage).await?,
            _ => return Ok(None),
        };
        Ok(Some(step))
    }
}
