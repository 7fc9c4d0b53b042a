//! Who waits for whom where several programs ask the user.

use super::{
    desktop::Desktop,
    programs::{self, Broker, Machine, answer, status},
};
use std::{
    path::Path,
    process::{Child, Stdio},
};

#[test]
fn a_program_that_is_not_answered_keeps_no_other_one_waiting() {
    let machine = Machine::new();
    let desktop = Desktop::start(&machine, None);
    let options = ["--approvals", "ask", "--sign-in-deadline", "40"];
    let _broker = Broker::start(&machine, &options);
    let asks = |program: &Path| -> Child {
        let mut program = machine.at(program);
        program.args(programs::arguments("acquireTokenInteractively"));
        program.stdout(Stdio::piped()).spawn().unwrap()
    };
    let mut left_alone = asks(&machine.program("one"));
    machine.runtime.block_on(desktop.wait_for_one());

    let another = asks(&machine.program("two"));
    machine.runtime.block_on(async {
        desktop.wait_for(2).await;
        desktop.press("always").await;
    });
    let given = answer(&another.wait_with_output().unwrap());
    assert_eq!(status(&given), None, "{given}");
    assert_eq!(desktop.shown()[1].title, "May two have a token?");
    assert!(left_alone.try_wait().unwrap().is_none(), "it still waits");
    left_alone.kill().unwrap();
    left_alone.wait().unwrap();
}
