//! `forebay mcp`: a real MCP client, with the program as its child process.

mod answers;
mod fresh;
mod http;
mod protocol;
mod rights;

use rmcp::{
    RoleClient, ServiceExt,
    model::{CallToolRequestParams, CallToolResult, JsonObject},
    service::RunningService,
    transport::TokioChildProcess,
};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::stored::Stored;

/// A client connected to the program.
struct Chat {
    runtime: Runtime,
    client: RunningService<RoleClient, ()>,
}

#[expect(clippy::needless_pass_by_value, reason = "questions are written where they are asked")]
impl Chat {
    /// Starts the program with these words as arguments.
    fn start(stored: &Stored, line: &str) -> Self {
        Self::with(stored.command(line))
    }

    fn with(command: std::process::Command) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let child = TokioChildProcess::new(tokio::process::Command::from(command)).unwrap();
            ().serve(child).await.unwrap()
        });
        Self { runtime, client }
    }

    fn call(&self, tool: &'static str, arguments: Value) -> CallToolResult {
        let Value::Object(arguments) = arguments else { panic!("{arguments}") };
        let arguments: JsonObject = arguments.into_iter().collect();
        let request = CallToolRequestParams::new(tool).with_arguments(arguments);
        self.runtime.block_on(self.client.call_tool(request)).unwrap()
    }

    /// The answer of a tool.
    fn ask(&self, tool: &'static str, arguments: Value) -> Value {
        let result = self.call(tool, arguments.clone());
        let text = result.content[0].as_text().unwrap().text.clone();
        assert_ne!(result.is_error, Some(true), "{tool} {arguments}: {text}");
        let answer = result.structured_content.unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), answer, "both forms are the same");
        answer
    }

    /// The error of a tool.
    fn error(&self, tool: &'static str, arguments: Value) -> Value {
        let result = self.call(tool, arguments.clone());
        let text = result.content[0].as_text().unwrap().text.clone();
        assert_eq!(result.is_error, Some(true), "{tool} {arguments}: {text}");
        assert_eq!(result.structured_content, None, "it would not fit the answer's schema");
        let mut document: Value = serde_json::from_str(&text).unwrap();
        document["error"].take()
    }

    /// All items of a paged answer (`items` is the JSON pointer to its pages), and the number of pages.
    fn pages(&self, tool: &'static str, items: &str, mut arguments: Value) -> (Vec<Value>, usize) {
        let (mut found, mut num_pages) = (Vec::new(), 0);
        loop {
            let mut answer = self.ask(tool, arguments.clone());
            let page = answer.pointer_mut(items).unwrap();
            found.extend(page["items"].as_array().unwrap().clone());
            num_pages += 1;
            match page["next"].take() {
                Value::Null => return (found, num_pages),
                cursor => {
                    assert_ne!(arguments.get("cursor"), Some(&cursor), "it goes on");
                    arguments["cursor"] = cursor;
                }
            }
        }
    }

    /// Disconnects, and waits for the program's end.
    fn end(self) {
        self.runtime.block_on(self.client.cancel()).unwrap();
    }
}

/// The number of runs.
fn num_runs(stored: &Stored) -> usize {
    stored.json("runs list --limit 1000")["items"].as_array().unwrap().len()
}

/// Four days of a course that changes, is removed and comes back; all times are in January 2019.
fn courses() -> (Stored, Chat) {
    let stored = Stored::courses();
    stored.json("work --drain");
    let chat = Chat::start(&stored, "mcp");
    (stored, chat)
}

fn course(key: &str) -> Value {
    json!({ "reference": format!("courses/{key}") })
}
