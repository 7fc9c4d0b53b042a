use crate::setup::{Place, code, ends, no_process_stays, stderr, stdout};
use azbroker_emulator::default_world::SECRET_VALUE;

#[test]
fn try_shows_the_whole_way_and_leaves_nothing() {
    let place = Place::new();
    let output = place.azbroker(&["try"]).output().unwrap();
    assert_eq!((code(&output), stderr(&output)), (0, ""));
    let shown = stdout(&output);
    let last = shown.lines().last().unwrap();
    assert_eq!(last, format!("MySecret = {SECRET_VALUE}"));
    let (first, second) = shown.split_once("Second run").unwrap();
    assert!(
        first.contains("acquireTokenSilently: interaction required (no account is signed in"),
        "{shown}"
    );
    assert!(
        first.contains("acquireTokenInteractively: a token, after ada@contoso.example walked"),
        "{shown}"
    );
    assert!(
        second.contains("acquireTokenSilently: a token, and nobody was asked"),
        "{shown}"
    );
    assert!(!second.contains("acquireTokenInteractively"), "{shown}");
    place.assert_clean();
    no_process_stays(place.home.path());
}

#[test]
fn try_shows_each_hop_when_asked() {
    let place = Place::new();
    let output = place.azbroker(&["try", "-v"]).output().unwrap();
    assert_eq!(code(&output), 0, "{output:?}");
    for hop in [
        "GET login.microsoftonline.com/organizations/oauth2/v2.0/authorize 200",
        "POST login.microsoftonline.com/organizations/oauth2/v2.0/token 200 authorization_code",
        "GET demo.vault.azure.net/secrets/MySecret/ 401",
        "GET demo.vault.azure.net/secrets/MySecret/ 200",
    ] {
        assert!(stdout(&output).contains(hop), "{hop}\n{}", stdout(&output));
    }
}

#[test]
fn ctrl_c_ends_it_at_any_moment_and_leaves_nothing() {
    for moment in [
        "Everything below",
        "broker: serves",
        "First run",
        "acquireTokenInteractively",
    ] {
        let place = Place::new();
        let mut tried = place
            .azbroker(&["try"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut shown = std::io::BufReader::new(tried.stdout.take().unwrap());
        first_line_with(&mut shown, moment);
        let interrupt = format!("kill -INT {}", tried.id());
        let kill = place.program("sh").args(["-c", &interrupt]).status();
        assert!(kill.unwrap().success());
        assert_eq!(ends(tried).code(), Some(130), "{moment}");
        place.assert_clean();
        no_process_stays(place.home.path());
    }
}

#[test]
fn a_person_can_sign_in_by_hand_with_a_browser_that_knows_no_proxy() {
    let place = Place::new();
    // The browser notes the page and fetches it, as a browser without any setting would.
    let noted = place.home.path().join("noted");
    let browser = place.home.path().join("browser");
    crate::setup::script(
        &browser,
        &format!(
            "echo \"$1\" > '{0}.new'; mv '{0}.new' '{0}'",
            noted.display()
        ),
    );
    let mut tried = place
        .azbroker(&["try", "--browser"])
        .env("BROWSER", &browser)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut shown = std::io::BufReader::new(tried.stdout.take().unwrap());
    let mut told = std::io::BufReader::new(tried.stderr.take().unwrap());
    let page = first_line_with(&mut told, "sign in here: ");
    assert!(page.starts_with("http://127.0.0.1:"), "{page}");

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let walked = runtime.block_on(async {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let sign_in = azbroker_emulator::SignIn {
            username: azbroker_emulator::default_world::ADA.to_owned(),
            password: azbroker_emulator::default_world::ADA_PASSWORD.to_owned(),
            behavior: azbroker_emulator::Behavior::Complete,
        };
        let visitor = azbroker_emulator::Visitor::with_client(client, sign_in).unwrap();
        visitor.visit(&page).await.unwrap()
    });
    assert!(walked.text.contains("You are signed in"), "{}", walked.text);
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut shown, &mut rest).unwrap();
    assert!(
        rest.ends_with(&format!("MySecret = {SECRET_VALUE}\n")),
        "{rest}"
    );
    assert!(tried.wait().unwrap().success());
    assert_eq!(std::fs::read_to_string(noted).unwrap().trim(), page);
    place.assert_clean();
}

#[test]
fn where_no_browser_shows_the_page_the_advice_is_for_this_command() {
    let place = Place::new();
    let mut tried = place
        .azbroker(&["try", "--browser"])
        .env("BROWSER", "false")
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut told = std::io::BufReader::new(tried.stderr.take().unwrap());
    let user = first_line_with(&mut told, "sign in as ");
    let advice = first_line_with(&mut told, "open that address yourself, or ");
    let interrupt = format!("kill -INT {}", tried.id());
    let kill = place.program("sh").args(["-c", &interrupt]).status();
    assert!(kill.unwrap().success());
    ends(tried);
    assert!(user.starts_with("ada@contoso.example, password "), "{user}");
    assert!(advice.starts_with("leave out --browser"), "{advice}");
}

fn first_line_with(shown: &mut impl std::io::BufRead, mark: &str) -> String {
    let mut line = String::new();
    loop {
        line.clear();
        assert_ne!(
            shown.read_line(&mut line).unwrap(),
            0,
            "no line with '{mark}'"
        );
        if let Some((_, rest)) = line.split_once(mark) {
            return rest.trim().to_owned();
        }
    }
}
