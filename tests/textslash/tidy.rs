//! The rules of the house, checked.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

mod imports;

/// Longer than this and a file is no longer read in one sitting.
const LINES_MAX: usize = 600;

/// Longest line of a source file, in characters.
const COLUMNS_MAX: usize = 100;

/// Modules that decide and never act.
const PURE: [&str; 12] = [
    "secret",
    "spec",
    "protocol",
    "messages",
    "pricing",
    "credential_format",
    "account",
    "quota",
    "invitation",
    "plan",
    "journal",
    "conversation",
];

/// What a pure module must not name: network, clock, chance, disk.
const IMPURE: [&str; 9] = [
    "tokio::",
    "reqwest::",
    "axum::",
    "sqlx::",
    "rand::",
    "::now()",
    "std::fs",
    "std::net",
    "std::env",
];

struct SourceFile {
    path: PathBuf,
    text: String,
}

impl SourceFile {
    /// A test may look anywhere.
    fn is_test(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.iter().any(|part| part == "tests")
    }

    /// The code: comments are for people and may point anywhere.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        lines
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(n, line)| (n + 1, line))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(under: &str) -> Vec<SourceFile> {
    let mut folders = vec![root().join(under)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("target") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push(SourceFile { path: path.strip_prefix(root()).unwrap().into(), text });
            }
        }
    }
    assert!(!found.is_empty(), "no sources under {under}: the check would be blind");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn reading_order() -> Vec<String> {
    let map = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let modules = map.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    modules.map(str::to_owned).collect()
}

/// The modules of this crate that a line imports.
fn imports(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for rest in line.split("crate::").skip(1) {
        let group = rest.strip_prefix('{').unwrap_or(rest);
        let names =
            if group.len() < rest.len() { group.split(", ").collect() } else { vec![group] };
        for name in names {
            let name = name.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            found.push(name);
        }
    }
    found
}

/// The module that a file under `src/` belongs to (`src/relay/proxy.rs` to `relay`).
fn module_of(source: &SourceFile) -> Option<String> {
    let inside = source.path.strip_prefix("src").ok()?;
    let first = inside.components().next()?.as_os_str().to_str()?;
    (first != "bin" && first != "lib.rs").then(|| first.trim_end_matches(".rs").to_owned())
}

#[test]
fn a_module_imports_only_what_the_map_lists_before_it() {
    let order = reading_order();
    let place = |module: &str| order.iter().position(|listed| listed == module);
    let mut upward = Vec::new();
    for source in sources("src") {
        let Some(module) = module_of(&source) else { continue };
        let Some(own) = place(&module) else {
            panic!("{} belongs to no module of the map", source.path.display())
        };
        for (line_number, line) in source.code().filter(|_| !source.is_test()) {
            for import in imports(line) {
                if place(&import).is_some_and(|imported| imported > own) {
                    upward.push(format!("{}:{line_number} {import}", source.path.display()));
                }
            }
        }
    }
    assert_eq!(upward, Vec::<String>::new(), "these imports point upward");
}

#[test]
fn modules_that_decide_touch_nothing_outside() {
    let order = reading_order();
    let unknown: Vec<_> = PURE.iter().filter(|pure| !order.contains(&pure.to_string())).collect();
    assert!(unknown.is_empty(), "the map lists no {unknown:?}");
    let mut touched = Vec::new();
    for source in sources("src") {
        if source.is_test()
            || !module_of(&source).is_some_and(|module| PURE.contains(&module.as_str()))
        {
            continue;
        }
        for (line_number, line) in source.code() {
            if let Some(impure) = IMPURE.iter().find(|impure| line.contains(**impure)) {
                touched.push(format!("{}:{line_number} {impure}", source.path.display()));
            }
        }
    }
    assert_eq!(touched, Vec::<String>::new(), "pure modules name what they must not");
}

#[test]
fn only_the_sandbox_role_reaches_the_simulated_vendors() {
    let is_sandbox =
        |source: &SourceFile| source.path.to_string_lossy().contains("textslash/sandbox");
    let roles = sources("src/bin").into_iter().filter(|source| !is_sandbox(source));
    let reaching: Vec<_> = roles
        .filter(|source| source.code().any(|(_, line)| line.contains("textslash::sandbox")))
        .map(|source| source.path)
        .collect();
    assert_eq!(reaching, Vec::<PathBuf>::new());
}

/// Modules above the seam of the clouds.
const CLOUD_NEUTRAL: [&str; 5] = ["conversation", "onboarding", "provisioner", "relay", "web"];

/// The beginnings of words that name a cloud.
const CLOUDS: [&str; 3] = ["Fly", "Hetzner", "Cloudflare"];

#[test]
fn no_module_above_the_seam_names_a_cloud() {
    let mut named = Vec::new();
    for source in sources("src") {
        let module = module_of(&source).unwrap_or_default();
        if source.is_test() || !CLOUD_NEUTRAL.contains(&module.as_str()) {
            continue;
        }
        for (line_number, line) in (1..).zip(source.text.lines()) {
            let mut words = line.split(|c: char| !c.is_alphanumeric());
            if words.any(|word| CLOUDS.iter().any(|cloud| word.starts_with(cloud))) {
                named.push(format!("{}:{line_number}", source.path.display()));
            }
        }
    }
    assert_eq!(named, Vec::<String>::new(), "what a cloud is stands in its folder");
}

#[test]
fn the_chat_crate_knows_nothing_of_us_and_we_know_none_of_its_libraries() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for library in ["teloxide", "serenity"] {
        assert!(!manifest.contains(library), "{library} belongs to adapters/Cargo.toml");
    }
    for source in sources("adapters/src") {
        let knows = source.code().any(|(_, line)| line.contains("textslash::"));
        assert!(!knows, "{} knows the crate that uses it", source.path.display());
    }
}

#[test]
fn every_file_can_be_read_in_one_sitting() {
    let all = ["src", "adapters", "tests"].into_iter().flat_map(sources);
    let long: Vec<_> =
        all.filter(|source| source.text.lines().count() > LINES_MAX).map(|s| s.path).collect();
    assert_eq!(long, Vec::<PathBuf>::new(), "longer than {LINES_MAX} lines");
}

#[test]
fn the_top_level_holds_what_the_readme_names_and_nothing_else() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "src",
        "adapters",
        "tests",
        "Dockerfile",
        "fly.toml",
        "README.md",
        "LICENSE",
        "target",
    ];
    let stray: Vec<_> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.') && !allowed.contains(&name.as_str()))
        .collect();
    assert_eq!(stray, Vec::<String>::new());
}

#[test]
fn each_type_name_exists_once_in_the_workspace() {
    let mut places = BTreeMap::<String, Vec<String>>::new();
    for source in everywhere() {
        for (line_number, line) in source.code() {
            if let Some(name) = type_named(line) {
                let place = format!("{}:{line_number}", source.path.display());
                places.entry(name.to_owned()).or_default().push(place);
            }
        }
    }
    places.retain(|_, places| places.len() > 1);
    assert_eq!(places, BTreeMap::new(), "one type name, one meaning");
}

/// The type that a line defines. An associated type is indented and names no type of its own.
fn type_named(line: &str) -> Option<&str> {
    let is_alias = line.starts_with("type ") || line.starts_with("pub");
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub"));
    let is_type = match words.next()? {
        "struct" | "enum" | "trait" | "union" => true,
        "type" => is_alias,
        _ => false,
    };
    let name = words.next().filter(|_| is_type)?;
    let end = name.find(|c: char| !c.is_alphanumeric()).unwrap_or(name.len());
    Some(&name[..end]).filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
}

#[test]
fn no_line_is_wider_than_a_hundred_columns() {
    let mut wide = Vec::new();
    for source in everywhere() {
        let mut in_transcript = false;
        for (line_number, line) in (1..).zip(source.text.lines()) {
            in_transcript = match in_transcript {
                false => line.trim_end().ends_with("@r\""),
                true => !line.trim_start().starts_with('"'),
            };
            let may_be_wide = in_transcript || is_unbreakable(line);
            if line.chars().count() > COLUMNS_MAX && !may_be_wide {
                wide.push(format!("{}:{line_number}", source.path.display()));
            }
        }
    }
    assert_eq!(wide, Vec::<String>::new());
}

/// A row of a table, and a line with a word that is as wide as the screen by itself.
fn is_unbreakable(line: &str) -> bool {
    let is_row = line.trim_start().starts_with("//! |") || line.starts_with("| ");
    is_row || line.split_whitespace().any(|word| word.chars().count() > COLUMNS_MAX - 20)
}

#[test]
fn a_doc_says_more_than_a_word() {
    let mut short = Vec::new();
    for source in everywhere() {
        let mut doc = Vec::new();
        for (line_number, line) in (1..).zip(source.text.lines()) {
            match line.trim_start().strip_prefix("///") {
                Some(text) => doc.extend(text.split_whitespace()),
                None if doc.len() == 1 => {
                    short.push(format!("{}:{line_number} {}", source.path.display(), doc[0]));
                    doc.clear();
                }
                None => doc.clear(),
            }
        }
    }
    assert_eq!(short, Vec::<String>::new(), "delete these docs, or say what the name does not");
}

/// Every source file of the workspace.
fn everywhere() -> impl Iterator<Item = SourceFile> {
    ["src", "adapters", "tests"].into_iter().flat_map(sources)
}
