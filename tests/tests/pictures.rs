//! The pictures in the documentation are there, and are those that the interoperability suite takes.

use azbroker_tests::named_tests::root;
use std::{collections::BTreeSet, path::PathBuf};

/// The README and the pages of `docs`, each with the folder from which it names files.
fn pages() -> Vec<(PathBuf, String)> {
    let mut files = vec![root().join("README.md")];
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).unwrap();
        (file.parent().unwrap().to_owned(), text)
    };
    files.into_iter().map(read).collect()
}

/// What a page links to, or shows, that is a picture.
fn pictures_of(page: &str) -> impl Iterator<Item = &str> {
    let links = page.split("](").skip(1);
    let targets = links.filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    targets.filter(|target| target.ends_with(".png"))
}

#[test]
fn each_picture_that_a_page_names_is_there() {
    let mut named = 0;
    for (folder, page) in pages() {
        for picture in pictures_of(&page) {
            let bytes = std::fs::read(folder.join(picture));
            let bytes = bytes.unwrap_or_else(|error| panic!("{picture}: {error}"));
            assert!(bytes.starts_with(b"\x89PNG"), "{picture} is no picture");
            named += 1;
        }
    }
    assert!(named >= 5, "{named}");
}

#[test]
fn each_picture_is_taken_by_a_case_and_shown_on_a_page() {
    let cases: String = std::fs::read_dir(root().join("crates/xtask/src/cases"))
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let taken: BTreeSet<_> = cases
        .split("pictures: Some(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(|name| format!("{name}-account.png"))
        .collect();
    let kept: BTreeSet<_> = std::fs::read_dir(root().join("docs/pictures"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(kept, taken);
    let pages = pages();
    for picture in &kept {
        let shown = pages.iter().any(|(_, page)| {
            pictures_of(page).any(|target| target.ends_with(&format!("pictures/{picture}")))
        });
        assert!(shown, "no page shows {picture}");
    }
}
