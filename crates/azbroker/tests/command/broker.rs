//! `serve`, `login`, `accounts`, `token` and `logout`, against the emulated cloud.

use crate::{
    setup::{Place, code, copy_program, stderr, stdout, within},
    surroundings::{Surroundings, end},
};
use azbroker_emulator::{
    Behavior, Fault, Target,
    default_world::{ADA, SECRET_VALUE},
};
use std::process::Stdio;

const SCOPE: &str = "--scope https://vault.azure.net/.default";

#[test]
fn an_account_comes_is_used_and_goes() {
    let place = Place::new();
    let output = place.emulate(
        &["--user", ADA],
        &format!(
            "\"$AZBROKER\" login && \"$AZBROKER\" accounts --output json && \
             \"$AZBROKER\" token {SCOPE} && \"$AZBROKER\" token {SCOPE} --output json && \
             \"$AZBROKER\" logout --username {ADA} && \"$AZBROKER\" accounts"
        ),
    );
    assert_eq!(code(&output), 0, "{output:?}");
    let lines: Vec<_> = stdout(&output).lines().collect();
    let accounts: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!(accounts["accounts"][0]["username"], ADA);
    assert_eq!(accounts["store"], "Secret Service");
    assert_eq!(lines[1].split('.').count(), 3, "a token and nothing else");
    let token: serde_json::Value = serde_json::from_str(lines[2]).unwrap();
    assert_eq!(token["token"], lines[1]);
    assert!(token["expires_on"].as_i64().unwrap() > 1_700_000_000);
    assert_eq!(
        lines[3],
        "no account is signed in; `azbroker login` signs one in"
    );
    assert_eq!(lines[4], "kept in: Secret Service");
    assert_eq!(lines.len(), 5);

    let said: Vec<_> = stderr(&output).lines().collect();
    assert_eq!(
        said,
        [
            "waiting for the sign-in in the browser that the broker opens; Ctrl-C gives it up",
            "signed in as ada@contoso.example in tenant 72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10, \
             for application 04b07795-8ddb-461a-bbee-02f9e1bf7b46",
            "ada@contoso.example is forgotten; access tokens given out stay valid until they expire",
        ]
    );
}

#[test]
fn what_an_administrator_must_change_is_no_reason_to_sign_in() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let surroundings = Surroundings::new(&runtime);
    let (broker, _said) = surroundings.broker();
    let login = surroundings.azbroker(&["login"]).output().unwrap();
    assert_eq!(code(&login), 0, "{login:?}");
    let scope = SCOPE.split(' ');
    let token: Vec<_> = ["token"].into_iter().chain(scope).collect();
    let refused = |arguments: &[&str], aadsts| {
        let fault = Fault::Oauth {
            error: "invalid_grant".to_owned(),
            aadsts,
            suberror: None,
            claims: None,
        };
        surroundings.emulator.faults().clear();
        surroundings.emulator.faults().next(9, Target::Token, fault);
        let mut command = surroundings.place.azbroker(arguments);
        surroundings.lead(&mut command);
        let output = command.output().unwrap();
        let said = stderr(&output).to_owned();
        assert!(said.contains(&format!("(AADSTS{aadsts})")), "{said}");
        (code(&output), said)
    };
    for number in [53003, 530084, 90094, 50105, 50053, 50020, 500014, 530032] {
        let (code, said) = refused(&token, number);
        assert_eq!(code, 1, "{said}");
        assert!(!said.contains("azbroker login"), "{said}");
    }
    for number in [50076, 53004, 50055, 65001, 530035] {
        let (code, said) = refused(&token, number);
        assert_eq!(code, 3, "{said}");
    }
    // As whoever signs in is told.
    let login = [&["login"], &token[1..]].concat();
    assert_eq!(refused(&login, 53003).0, 1);
    end(broker);
}

#[test]
fn of_one_username_in_two_clouds_a_command_means_the_one_that_is_named() {
    const TENANT: &str = "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10";
    let place = Place::new();
    let whose = "\"$AZBROKER\" account default";
    let logout = format!("\"$AZBROKER\" logout --username {ADA}");
    let output = place.emulate(
        &["--user", ADA],
        &format!(
            "\"$AZBROKER\" login && \"$AZBROKER\" login --authority-host login.microsoftonline.us && \
             echo begin >&2 && {{ {whose} {ADA}; echo $?; }} && \
             {whose} {ADA} --tenant {TENANT} --authority-host https://login.microsoftonline.com --output json && \
             {whose} --unset --output json && \
             {{ {logout} --tenant fabrikam --authority-host login.microsoftonline.us; echo $?; }} && \
             {{ {logout} --authority-host 'no host'; echo $?; }} && \
             {logout} --tenant {TENANT} --authority-host login.microsoftonline.us && {whose} && \
             \"$AZBROKER\" login --authority-host login.microsoftonline.us 2>&- && {logout} && \
             {whose} --output json"
        ),
    );
    assert_eq!(code(&output), 0, "{output:?}");
    let lines: Vec<_> = stdout(&output).lines().collect();
    let [two, pinned, unset, no_tenant, no_host, left, none] = lines[..] else {
        panic!("{output:?}");
    };
    assert_eq!([two, no_tenant, no_host], ["2", "1", "2"]);
    let default = |line: &str| -> serde_json::Value {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        json["default_account"].clone()
    };
    let expected = serde_json::json!({
        "username": ADA,
        "home_account_id": format!("ada00000-0000-4000-8000-000000000001.{TENANT}"),
        "tenant_id": TENANT,
        "environment": "login.microsoftonline.com",
        "pinned": true,
    });
    assert_eq!(default(pinned), expected);
    assert_eq!(
        default(unset)["environment"],
        "login.microsoftonline.us",
        "who signed in last"
    );
    assert_eq!(default(unset)["pinned"], false);
    let at_public = format!("{ADA}  tenant {TENANT}  login.microsoftonline.com  (");
    assert!(left.starts_with(&at_public), "{left}");
    assert_eq!(default(none), serde_json::Value::Null);

    let said: Vec<_> = stderr(&output).lines().collect();
    let begin = said.iter().position(|line| *line == "begin").unwrap();
    let us = format!("--tenant {TENANT} --authority-host login.microsoftonline.us");
    let public = format!("--tenant {TENANT} --authority-host login.microsoftonline.com");
    let gone = "is forgotten; access tokens given out stay valid until they expire";
    assert_eq!(
        said[begin + 1..],
        [
            &format!("error: the broker holds several accounts '{ADA}'"),
            &format!("hint: name one: {us}, or {public}"),
            &format!(
                "error: the broker holds no account '{ADA}' in tenant fabrikam at login.microsoftonline.us"
            ),
            &format!("hint: name where it is: {us}, or {public}"),
            "error: 'no host' is no authority host: give one such as login.microsoftonline.us",
            &format!("{ADA} {gone}"),
            &format!("{ADA} in tenant {TENANT} at login.microsoftonline.us {gone}"),
            &format!("{ADA} in tenant {TENANT} at login.microsoftonline.com {gone}"),
        ]
    );
}

#[test]
fn a_token_is_acquired_with_the_user_only_when_that_is_asked_for() {
    let place = Place::new();
    let silent = place.emulate(&["--user", ADA], &format!("\"$AZBROKER\" token {SCOPE}"));
    assert_eq!((code(&silent), stdout(&silent)), (3, ""));
    assert!(
        stderr(&silent).contains("no account is signed in to this broker"),
        "{silent:?}"
    );
    assert!(
        stderr(&silent).ends_with("hint: sign in with `azbroker login`\n"),
        "{silent:?}"
    );

    let script = format!("\"$AZBROKER\" token {SCOPE} --interactive");
    let interactive = place.emulate(&["--user", ADA], &script);
    assert_eq!(code(&interactive), 0, "{interactive:?}");
    assert_eq!(stdout(&interactive).trim().split('.').count(), 3);
}

#[test]
fn a_login_as_somebody_else_is_said() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let world = Surroundings::new(&runtime);
    let (broker, _said) = world.broker();
    // A name that the tenant does not know is offered, and Ada types her own.
    let login = ["login", "--username", "ada@contoso.example.test"];
    let output = world.azbroker(&login).output().unwrap();
    end(broker);
    assert_eq!(code(&output), 3, "{output:?}");
    let said = stderr(&output);
    let line = "error: ada@contoso.example signed in, not ada@contoso.example.test; the broker holds that account now";
    assert!(said.contains(line), "{said}");
}

#[test]
fn a_second_broker_names_the_first_and_leaves_it_alone() {
    let place = Place::new();
    let output = place.emulate(
        &["--signed-in", ADA],
        "\"$AZBROKER\" serve; echo \"code $?\"; \"$AZBROKER\" key-vault-secret",
    );
    assert_eq!(
        stdout(&output),
        format!("code 3\nMySecret = {SECRET_VALUE}\n"),
        "{output:?}"
    );
    let said = stderr(&output);
    assert!(
        said.starts_with("error: com.microsoft.identity.broker1 belongs to 'azbroker' (process "),
        "{said}"
    );
    assert!(
        said.contains("hint: use that broker, or end it first; it is never replaced"),
        "{said}"
    );
}

#[test]
fn the_memory_of_the_broker_is_closed_to_other_programs() {
    use std::os::{
        linux::net::SocketAddrExt,
        unix::{
            fs::{MetadataExt, PermissionsExt},
            net::{SocketAddr, UnixListener},
            process::CommandExt,
        },
    };
    // A bus that lets the broker connect and says nothing.
    let name = format!("azbroker-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let bus = UnixListener::bind_addr(&address).unwrap();

    // The kernel gives what belongs to a closed process to root, which only shows where it is not root's anyway.
    let place = Place::new();
    let folder = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir()
        .unwrap();
    let program = folder.path().join("azbroker");
    copy_program(env!("CARGO_BIN_EXE_azbroker"), &program);
    let mut serve = place.program(&program);
    serve
        .arg("serve")
        .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:abstract={name}"));
    const NOBODY: u32 = 65534;
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        serve.uid(NOBODY).gid(NOBODY).current_dir("/");
    }
    let broker = serve.spawn().unwrap();
    let _connection = within("connection", move || bus.accept().unwrap());
    let memory = format!("/proc/{}/mem", broker.id());
    assert_eq!(std::fs::metadata(memory).unwrap().uid(), 0);
    end(broker);
}

#[test]
fn memory_is_locked_where_nothing_limits_that_and_status_says_which() {
    const CAP_IPC_LOCK: u32 = 14;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = Surroundings::new(&runtime);
    let start = |script: &str| {
        let (broker, _said) = world.broker_in("sh", &["-c", script], &["serve"]);
        let kernel = std::fs::read_to_string(format!("/proc/{}/status", broker.id())).unwrap();
        let of_kernel = |name: &str| {
            let rest = kernel.lines().find_map(|line| line.strip_prefix(name));
            rest.unwrap().split_whitespace().next().unwrap().to_owned()
        };
        let is_locked = of_kernel("VmLck:") != "0";
        let capabilities = u64::from_str_radix(&of_kernel("CapEff:"), 16).unwrap();
        let text = world.azbroker(&["status"]).output().unwrap();
        let json = world
            .azbroker(&["status", "--output", "json"])
            .output()
            .unwrap();
        end(broker);
        let json: serde_json::Value = serde_json::from_str(stdout(&json)).unwrap();
        let has_capability = capabilities & (1 << CAP_IPC_LOCK) != 0;
        assert_eq!(json["memory_locked"], is_locked, "{kernel}");
        let line = match is_locked {
            true => "\nmemory:    locked, ",
            false => "\nmemory:    not locked, ",
        };
        assert!(stdout(&text).contains(line), "{text:?}");
        (is_locked, has_capability)
    };
    // Whatever the limit, a capability of root lifts it.
    let without_it = "ulimit -l 64 && if [ $(id -u) = 0 ]; then set -- setpriv --bounding-set=-ipc_lock \"$0\" \"$@\"; \
                      else set -- \"$0\" \"$@\"; fi && exec \"$@\"";
    assert_eq!(start(without_it), (false, false));

    // Elsewhere the session decides.
    let mut raise = world.program("sh");
    let raised = raise
        .args(["-c", "ulimit -l unlimited"])
        .stderr(Stdio::null());
    let raised = raised.status().unwrap().success();
    let (is_locked, has_capability) = start("ulimit -l unlimited 2>/dev/null; exec \"$0\" \"$@\"");
    assert_eq!(is_locked, raised || has_capability);
}

#[test]
fn without_a_broker_the_library_signs_in_through_the_browser() {
    let place = Place::new();
    let output = place.emulate(
        &["--user", ADA],
        // A bus address that nobody listens on: no bus, so no broker.
        "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent \"$AZBROKER\" key-vault-secret",
    );
    assert_eq!(
        (code(&output), stdout(&output)),
        (0, &*format!("MySecret = {SECRET_VALUE}\n")),
        "{output:?}"
    );
}

#[test]
fn a_caller_that_goes_away_takes_its_sign_in_with_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let world = Surroundings::new(&runtime);
    let (broker, said) = world.broker();
    // The user opens the page and goes no further, so the sign-in waits.
    world.user.lock().unwrap().behavior = Behavior::Close;
    let mut login = world
        .azbroker(&["login"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let opened = world.emulator.ledger().wait_for(|entries| {
        entries
            .iter()
            .any(|entry| entry.target == Target::Authorize)
    });
    runtime.block_on(opened);
    login.kill().unwrap();
    login.wait().unwrap();

    // The next one for the same application would wait behind it.
    world.user.lock().unwrap().behavior = Behavior::Complete;
    let next = world.azbroker(&["login"]).output().unwrap();
    assert_eq!(code(&next), 0, "{next:?}");
    end(broker);
    let said = said.join().unwrap();
    assert!(said.contains("the application has gone"), "{said}");
}

#[test]
fn a_username_is_taken_without_the_blanks_around_it() {
    let place = Place::new();
    let output = place.emulate(
        &["--user", ADA],
        &format!(
            "\"$AZBROKER\" login --username '{ADA} ' && \"$AZBROKER\" token {SCOPE} --username ' {ADA}' && \
             \"$AZBROKER\" account default '{ADA} ' && \"$AZBROKER\" logout --username ' {ADA}'"
        ),
    );
    assert_eq!(code(&output), 0, "{output:?}");
}
