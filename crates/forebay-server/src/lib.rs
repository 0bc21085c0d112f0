//! Forebay over HTTP: the API, the pages of the dashboard, and the tools for AI programs.
//!
//! It has no rules of its own. An endpoint reads its arguments, calls what the command line calls (`forebay-views` to
//! read, `forebay-engine` to change), and answers with the same views. Each endpoint is a type that implements
//! `Endpoint` in a file of its own, so the router, the description of the API and the check of permissions
//! come from one list and can't differ.

mod access;
mod api;
mod app;
mod arguments;
mod body_reader;
mod bulk;
mod caller;
mod connections;
mod endpoint;
mod feed;
mod gate;
mod health;
mod idempotency;
mod inputs;
mod jobs;
mod layers;
mod listener;
mod mcp;
mod metrics;
mod network;
mod openapi;
mod pages;
mod problem;
mod raw;
mod routes;
mod sample;
mod service;

pub use self::{
    access::{Admission, Reach, admission},
    app::{App, Settings},
    connections::Limits,
    inputs::{InputSettings, Inputs},
    listener::{Listener, serve},
    metrics::{Metric, MetricKind, metrics, worker::WorkerCounts},
    network::{Network, NotANetwork},
    routes::Route,
    service::{router, routes},
};
