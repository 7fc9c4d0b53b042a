use super::Row;
use crate::bench::Bench;
use crate::bench::measured::Measured;
use crate::bench::proc::{MEGABYTE, size};
use crate::bench::samples::number;
use crate::process::is_command;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) const ROW: Row = Row {
    name: "hello",
    title: "A program that reads one secret, without and with our library",
    how: "Three small packages with this workspace's versions: one reads a secret with `azure_identity`, one does so\n\
          beside a connection of plain zbus, which is the floor, and one with our credential. Each is built once into an\n\
          empty folder, as cargo builds a release; the processor time is that of cargo and all it starts, as GNU time\n\
          reports it. The file is stripped.",
    run,
};

fn run(bench: &Bench<'_>) -> Result<Measured, String> {
    let mut measured = Measured::default();
    let missing = match (bench.extent.is_full, is_command("time")) {
        (false, _) => Some("a short run does not build it"),
        (true, false) => Some("GNU time is not on this machine"),
        (true, true) => None,
    };
    if let Some(why) = missing {
        measured.open("Packages that our library adds", "≤ 45", why);
        measured.open("Processor time of a clean build", "≤ 1.25 ×", why);
        return Ok(measured);
    }
    let without = Hello::build(bench, "without", "", &source_of(COMMAND_LINES, ""))?;
    let floor = source_of(
        COMMAND_LINES,
        "let _bus = zbus::Connection::session().await?;",
    );
    let floor = Hello::build(bench, "floor", ZBUS, &floor)?;
    let library = bench.workspace.root.join("crates/azure_identity_broker");
    let library = format!("azure_identity_broker = {{ path = {library:?} }}\n");
    let with = Hello::build(bench, "with", &library, &source_of(OURS, ""))?;

    let added = with.packages.difference(&without.packages).count();
    measured.judge(
        "Packages that our library adds",
        "≤ 45",
        &added.to_string(),
        added <= 45,
    );
    let ratio = with.processor_time / without.processor_time;
    measured.at_most(
        "Processor time of a clean build",
        "×",
        1.25,
        ratio,
        &format!("{} ×", number(ratio)),
    );
    let line = |name: &str, hello: &Hello| {
        vec![
            name.to_owned(),
            hello.packages.len().to_string(),
            number(hello.processor_time),
            format!(
                "{} ×",
                number(hello.processor_time / without.processor_time)
            ),
            number(hello.size / MEGABYTE),
        ]
    };
    measured.table(
        &[
            "",
            "packages",
            "processor time of a clean build, s",
            "",
            "MB",
        ],
        vec![
            line("`azure_identity` alone", &without),
            line("floor: and plain zbus", &floor),
            line("with our library", &with),
        ],
    );
    Ok(measured)
}

/// A program that was built.
#[derive(Debug)]
struct Hello {
    packages: BTreeSet<String>,
    /// In seconds.
    processor_time: f64,
    size: f64,
}

impl Hello {
    fn build(
        bench: &Bench<'_>,
        name: &str,
        dependency: &str,
        source: &str,
    ) -> Result<Self, String> {
        let folder = bench.workspace.target.join("bench/hello").join(name);
        let _ = fs::remove_dir_all(&folder);
        let manifest = format!("{MANIFEST}{dependency}");
        write(&folder.join("Cargo.toml"), &manifest)?;
        write(&folder.join("src/main.rs"), source)?;
        let lock = bench.workspace.root.join("Cargo.lock");
        fs::copy(lock, folder.join("Cargo.lock"))
            .map_err(|error| format!("Cargo.lock: {error}"))?;
        let packages = packages(&folder)?;
        let report = folder.join("time");
        let mut build = Command::new("time");
        build.args(["-f", "%U %S", "-o"]).arg(&report);
        build.args(["cargo", "build", "--release", "--quiet"]);
        build.env("CARGO_TARGET_DIR", folder.join("target"));
        build.env("CARGO_PROFILE_RELEASE_STRIP", "symbols");
        let built = build.current_dir(&folder).stdin(Stdio::null()).status();
        if !built.is_ok_and(|status| status.success()) {
            return Err(format!("{} cannot be built", folder.display()));
        }
        let report = fs::read_to_string(&report).map_err(|error| error.to_string())?;
        let seconds: Option<Vec<f64>> = report.split_whitespace().map(|s| s.parse().ok()).collect();
        let processor_time = seconds.ok_or("GNU time says nothing")?.iter().sum();
        let size = size(&folder.join("target/release/hello"))?;
        let _ = fs::remove_dir_all(folder.join("target"));
        Ok(Self {
            packages,
            processor_time,
            size,
        })
    }
}

/// All that is in the program, but for itself.
fn packages(folder: &Path) -> Result<BTreeSet<String>, String> {
    let mut tree = Command::new("cargo");
    tree.args(["tree", "--edges", "normal", "--prefix", "none", "--quiet"]);
    let output = tree.current_dir(folder).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("cargo: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let package = |line: &str| {
        let mut words = line.split_whitespace();
        Some(format!("{} {}", words.next()?, words.next()?))
    };
    let packages = text.lines().filter_map(package);
    Ok(packages
        .filter(|name| !name.starts_with("hello "))
        .collect())
}

const MANIFEST: &str = r#"[package]
name = "hello"
version = "0.1.0"
edition = "2024"

[workspace]

[dependencies]
azure_identity = "1.0"
azure_security_keyvault_secrets = "1.0"
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
"#;

/// As our library has it.
const ZBUS: &str =
    "zbus = { version = \"5\", default-features = false, features = [\"tokio\", \"p2p\"] }\n";

const COMMAND_LINES: &str = "azure_identity::DeveloperToolsCredential::new(None)?";
const OURS: &str = "azure_identity_broker::InteractiveBrowserCredential::new(None)?";

fn source_of(credential: &str, before: &str) -> String {
    format!(
        r#"#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {{
    {before}
    let credential = {credential};
    let vault = "https://demo.vault.azure.net";
    let client = azure_security_keyvault_secrets::SecretClient::new(vault, credential, None)?;
    let secret = client.get_secret("MySecret", None).await?.into_model()?;
    println!("{{:?}}", secret.value.is_some());
    Ok(())
}}
"#
    )
}

fn write(path: &PathBuf, text: &str) -> Result<(), String> {
    let folder = path.parent().ok_or("a file has a folder")?;
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{}: {error}", path.display()))
}
