//! Where what we build of comes from. `cargo deny check` says more, with `.deny.toml`.

use std::collections::BTreeSet;
use std::path::Path;

/// Crates of the program itself that run code while they are built, and what for. A new one is to
/// be looked at: such code may do anything, and none of these reaches out.
const BUILD_SCRIPTS: [(&str, &str); 40] = [
    ("anyhow", "looks what this compiler can do"),
    ("crc32fast", "looks what this compiler can do"),
    ("crossbeam-epoch", "looks what this platform can do"),
    ("crossbeam-utils", "looks what this platform can do"),
    ("curve25519-dalek", "chooses an implementation for the processor"),
    ("encoding_rs", "looks what this compiler can do"),
    ("erasable", "looks what this compiler can do"),
    ("generic-array", "looks what this compiler can do"),
    ("getrandom", "chooses the platform's source"),
    ("httparse", "looks what this processor can do"),
    ("icu_normalizer_data", "takes its tables from where it is told, else its own"),
    ("icu_properties_data", "takes its tables from where it is told, else its own"),
    ("indexmap", "looks what this compiler can do"),
    ("libc", "looks what this platform can do"),
    ("libsqlite3-sys", "compiles SQLite, whose source it carries"),
    ("metrics-exporter-prometheus", "makes code of the description that it carries"),
    ("mime_guess", "makes a table of the list that it carries"),
    ("multer", "looks what this compiler can do"),
    ("nix", "names groups of platforms"),
    ("num-traits", "looks what this compiler can do"),
    ("object", "looks what this compiler can do"),
    ("parking_lot_core", "looks what this compiler can do"),
    ("proc-macro2", "looks what this compiler can do"),
    ("psm", "compiles the assembly that it carries"),
    ("quinn", "is named by an option of reqwest, and not built"),
    ("quinn-udp", "is named by an option of reqwest, and not built"),
    ("quote", "looks what this compiler can do"),
    ("ref-cast", "is named by an option, and not built"),
    ("ring", "compiles the assembly that it carries"),
    ("rustix", "looks what this platform can do"),
    ("rustls", "looks what this compiler can do"),
    ("rustversion", "looks what this compiler can do"),
    ("serde", "looks what this compiler can do"),
    ("serde_core", "looks what this compiler can do"),
    ("serde_json", "looks what this platform can do"),
    ("serenity", "looks which of its features go together"),
    ("stacker", "chooses how to find a stack"),
    ("thiserror", "looks what this compiler can do"),
    ("zerocopy", "looks what this compiler can do"),
    ("zmij", "looks what this compiler can do"),
];

/// Where every package may come from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Our own packages, which come from nowhere.
const OURS: [&str; 3] = ["textslash", "adapters", "textslash-fuzz"];

fn is_sha256(it: &str) -> bool {
    it.len() == 64 && it.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The packages of a lock file that come from elsewhere than the registry, or without a checksum.
fn strange(lock: &str) -> Vec<String> {
    let packages = lock.split("[[package]]").skip(1);
    let is_strange = |package: &&str| {
        let value = |name: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(&format!("{name} = ")));
            line.map(|value| value.trim_matches('"').to_owned())
        };
        let is_ours = OURS.map(Some).contains(&value("name").as_deref());
        let is_whole = value("checksum").is_some_and(|it| is_sha256(&it));
        let is_from_registry = value("source").as_deref() == Some(REGISTRY) && is_whole;
        if is_ours { value("source").is_some() } else { !is_from_registry }
    };
    packages.filter(is_strange).map(str::to_owned).collect()
}

#[test]
fn every_package_comes_from_the_registry_with_its_checksum() {
    for name in ["Cargo.lock", "tests/fuzz/Cargo.lock"] {
        let lock = read(name);
        assert!(lock.matches("[[package]]").count() > 100, "the check is blind");
        assert_eq!(strange(&lock), [""; 0], "{name}");

        let anothers = lock.replacen(REGISTRY, "git+https://example.com/a", 1);
        assert_eq!(strange(&anothers).len(), 1, "{name}");
        let unsummed = lock.replacen("checksum = ", "sum = ", 1);
        assert_eq!(strange(&unsummed).len(), 1, "{name}");
        let replaced = lock.replacen(
            "name = \"adapters\"\n",
            &format!("name = \"adapters\"\nsource = \"{REGISTRY}\"\n"),
            1,
        );
        assert_eq!(strange(&replaced).len(), 1, "{name}");
    }
}

#[test]
fn every_build_script_is_known() {
    let known: BTreeSet<&str> = BUILD_SCRIPTS.iter().map(|(name, _)| *name).collect();
    let built = std::process::Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&built.stdout).unwrap();
    let scripts = in_the_program(&metadata);
    assert!(scripts.contains("ring"), "the check is blind");
    let found: BTreeSet<&str> = scripts.iter().map(String::as_str).collect();
    assert_eq!(found, known);
}

/// The names of what the program is built of, tests aside, that has a build script.
fn in_the_program(metadata: &serde_json::Value) -> BTreeSet<String> {
    let list = |of: &serde_json::Value| of.as_array().cloned().unwrap_or_default();
    let nodes = list(&metadata["resolve"]["nodes"]);
    let mut todo = vec![metadata["resolve"]["root"].clone()];
    let mut reached = BTreeSet::new();
    while let Some(id) = todo.pop() {
        if !reached.insert(id.to_string()) {
            continue;
        }
        let node = nodes.iter().find(|node| node["id"] == id).unwrap();
        let of_program = |kind: &serde_json::Value| kind["kind"] != "dev";
        let needs = list(&node["deps"]).into_iter();
        let needs = needs.filter(|need| list(&need["dep_kinds"]).iter().any(of_program));
        todo.extend(needs.map(|need| need["pkg"].clone()));
    }
    let packages = list(&metadata["packages"]).into_iter();
    let of_program = packages.filter(|package| reached.contains(&package["id"].to_string()));
    let has_script = |package: &serde_json::Value| {
        list(&package["targets"]).iter().any(|target| target["kind"][0] == "custom-build")
    };
    let with_script = of_program.filter(has_script);
    with_script.filter_map(|package| Some(package["name"].as_str()?.to_owned())).collect()
}

#[test]
fn only_tests_can_stop_the_clock() {
    for name in ["Cargo.toml", "adapters/Cargo.toml"] {
        let manifest = read(name);
        let (program, tests) = manifest.split_once("[dev-dependencies]").unwrap();
        assert!(tests.contains("test-util"), "the check is blind");
        assert!(!program.contains("test-util"), "{name}");
    }
}

/// The images that a Dockerfile builds on and that it does not name by tag and digest.
fn unpinned(dockerfile: &str) -> Vec<&str> {
    let mut stages = vec!["scratch"];
    let mut images = Vec::new();
    for line in dockerfile.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let copied = words.iter().filter_map(|word| word.strip_prefix("--from="));
        let is_base = words.first() == Some(&"FROM");
        let base = words.iter().skip(1).find(|word| is_base && !word.starts_with("--"));
        images.extend(base.copied().into_iter().chain(copied).filter(|it| !stages.contains(it)));
        if let [.., "AS", stage] = words[..] {
            stages.push(stage);
        }
    }
    let is_pinned = |image: &str| {
        let parts = image.split_once("@sha256:");
        parts.is_some_and(|(name, digest)| name.contains(':') && is_sha256(digest))
    };
    images.into_iter().filter(|image| !is_pinned(image)).collect()
}

#[test]
fn images_are_built_of_what_is_locked_and_pinned() {
    let dockerfile = read("Dockerfile");
    assert!(dockerfile.contains("cargo build --release --locked"));
    assert_eq!(unpinned(&dockerfile), [""; 0]);

    let bases: Vec<_> = dockerfile.match_indices("@sha256:").map(|(at, _)| at).collect();
    assert_eq!(bases.len(), 3, "the check is blind");
    for at in bases {
        let (before, base) = dockerfile.split_at(at);
        let rest = base.split_at("@sha256:".len() + 64).1;
        let by_tag = format!("{before}{rest}");
        assert_eq!(unpinned(&by_tag).len(), 1, "{by_tag}");
        let cut_short = format!("{before}{}{rest}", base.split_at("@sha256:".len() + 63).0);
        assert_eq!(unpinned(&cut_short).len(), 1, "{cut_short}");
    }
    let others = [
        "FROM --platform=linux/amd64 debian:12-slim AS a\nFROM a",
        "FROM scratch AS a\nCOPY --from=debian:12-slim / /",
        "FROM a\nFROM scratch AS a",
    ];
    for other in others {
        assert_eq!(unpinned(other).len(), 1, "{other}");
    }
}
