//! What programs read, beside the page that tells them of it.

use crate::{
    setup::{code, stdout},
    surroundings::{Surroundings, terminate},
};
use serde_json::Value;

const PAGE: &str = include_str!("../../../../docs/living.md");

/// All names in an object and below.
fn names(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| [vec![name.clone()], names(value)].concat())
            .collect(),
        Value::Array(values) => values.iter().flat_map(names).collect(),
        _ => Vec::new(),
    }
}

fn row<'a>(table: &'a str, command: &str) -> &'a str {
    let begin = format!("| `{command}` | ");
    let row = table.lines().find(|line| line.starts_with(&begin));
    row.unwrap_or_else(|| panic!("{command} has no row"))
}

#[test]
fn every_name_in_the_json_of_a_command_stands_in_its_row() {
    let (_, table) = PAGE.split_once("## JSON for programs").unwrap();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build().unwrap();
    let world = Surroundings::new(&runtime);
    let (mut broker, _said) = world.broker();
    let run = |command: &str| {
        let arguments: Vec<_> = command.split_whitespace().collect();
        let mut command = world.place.azbroker(&arguments);
        world.lead(&mut command);
        command.output().unwrap()
    };
    let token = "token --scope https://vault.azure.net/.default";
    for (before, command) in [
        ("", "login"),
        ("", "accounts"),
        ("", "account default"),
        ("", "status"),
        ("", token),
        ("rules allow node", "rules"),
        ("", "doctor"),
        // It has a token that was given, and one that was refused.
        (&format!("{token} --username bob@contoso.example"), "log"),
    ] {
        if !before.is_empty() {
            run(before);
        }
        if command == "log" {
            // A broker that ends in order has written all of it.
            terminate(&broker);
            assert_eq!(broker.wait().unwrap().code(), Some(0));
        }
        let output = run(&format!("{command} --output json"));
        assert_eq!(code(&output), 0, "{output:?}");
        let (command, _) = command.split_once(" --").unwrap_or((command, ""));
        let mut row = row(table, command).to_owned();
        if command == "status" {
            // "As above".
            row += self::row(table, "account default");
        }
        let lines = stdout(&output).lines();
        let names: Vec<_> = lines
            .flat_map(|line| names(&serde_json::from_str(line).unwrap()))
            .collect();
        assert!(names.len() > 1, "{command}: {output:?}");
        for name in names {
            assert!(row.contains(&format!("`{name}`")), "{command}: {name}");
        }
    }
}
