//! A broker that asks at its own terminal.

use super::programs::{self, Machine, Terminal, call, status};
use crate::setup::{code, stderr, stdout};
use azbroker_emulator::default_world::ADA;

#[test]
fn a_person_at_the_brokers_terminal_is_asked_there() {
    let machine = Machine::new();
    let one = machine.program("one");
    let mut terminal = Terminal::start(&machine, "-v serve --foreground");
    terminal.wait_for("the broker serves");
    machine.sign_in();
    let asking = machine
        .at(&one)
        .args(programs::arguments("acquireTokenInteractively"))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    terminal.wait_for("May one have a token?");
    terminal.wait_for("type y to allow it for a day, once, always, or n to deny it");
    terminal.types("what\n");
    terminal.wait_for(
        "'what' is no answer: type y to allow it for a day, once, always, or n to deny it",
    );
    terminal.types("y\n");
    let answer = programs::answer(&asking.wait_with_output().unwrap());
    assert_eq!(status(&answer), None, "{answer}");
    assert_eq!(
        status(&call(&mut machine.at(&one), "acquireTokenSilently")),
        None
    );
    drop(terminal);

    let none = machine
        .world
        .azbroker(&["serve", "--foreground"])
        .output()
        .unwrap();
    assert_eq!(code(&none), 2);
    assert!(
        stderr(&none).contains("error: --foreground asks at a terminal, and here is none\n"),
        "{none:?}"
    );
}

#[test]
fn a_passphrase_is_asked_for_at_the_terminal_and_never_shown() {
    const FIRST: &str = "correct-horse";
    let machine = Machine::new();
    let serve = "-v serve --foreground --store file";
    let asks = "passphrase of the encrypted file:";

    let mut terminal = Terminal::start(&machine, serve);
    terminal.wait_for(asks);
    terminal.types(&format!("{FIRST}\n"));
    terminal.wait_for("the file is new; the same again:");
    terminal.types("another\n");
    terminal.wait_for("the two differ");
    terminal.wait_for(asks);
    terminal.types(&format!("{FIRST}\n"));
    terminal.wait_for("the same again:");
    terminal.types(&format!("{FIRST}\n"));
    let shown = terminal.wait_for("the broker serves");
    assert!(!shown.contains("correct"), "{shown}");
    machine.sign_in();
    drop(terminal);

    let mut terminal = Terminal::start(&machine, serve);
    for _ in 0..2 {
        terminal.wait_for(asks);
        terminal.types("wrong\n");
        terminal.wait_for("the file was encrypted under another passphrase");
    }
    terminal.wait_for(asks);
    terminal.types(&format!("{FIRST}\n"));
    terminal.wait_for("the broker serves");
    let accounts = machine.azbroker(&["accounts"]);
    assert!(stdout(&accounts).contains(ADA), "{accounts:?}");
    drop(terminal);

    let mut terminal = Terminal::start(&machine, serve);
    for _ in 0..3 {
        terminal.wait_for(asks);
        terminal.types("wrong\n");
    }
    terminal.wait_for("error: no passphrase for the encrypted file was given");
    drop(terminal);

    // What needs no key asks for none.
    let mut terminal = Terminal::start(&machine, "-v serve --foreground");
    let shown = terminal.wait_for("the broker serves");
    assert!(!shown.contains(asks), "{shown}");
}
