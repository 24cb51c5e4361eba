//! Two modules that import each other can only be read together. A parent and its child count as
//! one module.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::Visit;
use syn::{Attribute, Item, UseTree};

use super::{SourceFile, sources};

/// The names that lead from the crate's root to a module.
type ModulePath = Vec<String>;

/// Finds the modules that one module names, in imports and in paths.
struct ImportFinder<'a> {
    root: &'a [String],
    module: &'a [String],
    modules: &'a BTreeMap<ModulePath, SourceFile>,
    found: BTreeSet<ModulePath>,
}

impl ImportFinder<'_> {
    fn note(&mut self, path: &[String]) {
        let Some(first) = path.first() else { return };
        let mut base = self.module.to_vec();
        let mut rest = path;
        if first == "crate" {
            (base, rest) = (self.root.to_vec(), &path[1..]);
        } else {
            while let Some(("self" | "super", more)) =
                rest.split_first().map(|(first, more)| (first.as_str(), more))
            {
                if rest[0] == "super" {
                    base.pop();
                }
                rest = more;
            }
        }
        let full: ModulePath = base.into_iter().chain(rest.iter().cloned()).collect();
        let lengths = (self.root.len() + 1..=full.len()).rev();
        let named = lengths.map(|length| &full[..length]).find(|it| self.modules.contains_key(*it));
        self.found.extend(named.filter(|it| *it != self.module).map(<[_]>::to_vec));
    }

    fn note_tree(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.note_tree(&path.tree, &with(&path.ident)),
            UseTree::Name(name) => self.note(&with(&name.ident)),
            UseTree::Rename(rename) => self.note(&with(&rename.ident)),
            UseTree::Glob(_) => self.note(before),
            UseTree::Group(group) => group.items.iter().for_each(|it| self.note_tree(it, before)),
        }
    }
}

impl<'ast> Visit<'ast> for ImportFinder<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Mod(module) if is_test(&module.attrs) => {}
            Item::Use(import) if is_test(&import.attrs) => {}
            Item::Use(import) => self.note_tree(&import.tree, &[]),
            other => syn::visit::visit_item(self, other),
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|it| it.ident.to_string()).collect();
        self.note(&names);
        syn::visit::visit_path(self, path);
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|it| {
        it.path().is_ident("cfg") && it.parse_args::<syn::Ident>().is_ok_and(|what| what == "test")
    })
}

/// The place of a file in its crate's tree, and of the crate's root.
fn place(source: &SourceFile) -> (ModulePath, ModulePath) {
    let mut names: Vec<String> =
        source.path.with_extension("").iter().map(|it| it.to_string_lossy().into()).collect();
    let of_program = source.path.starts_with("src/bin");
    let root = names[..if of_program { 3 } else { 1 }].to_vec();
    if matches!(names.last().map(String::as_str), Some("lib" | "main")) {
        names.pop();
    }
    (root, names)
}

fn imports_of(folder: &str) -> BTreeMap<ModulePath, BTreeSet<ModulePath>> {
    let mut roots = BTreeMap::new();
    let mut modules = BTreeMap::new();
    for mut source in sources(folder).into_iter().filter(|source| !source.is_test()) {
        if let Ok(inside) = source.path.strip_prefix("adapters") {
            source.path = inside.to_owned();
        }
        let (root, module) = place(&source);
        roots.insert(module.clone(), root);
        modules.insert(module, source);
    }
    let imports = |module: &ModulePath| {
        let file = syn::parse_file(&modules[module].text).expect("a source file");
        let (root, found) = (&roots[module], BTreeSet::new());
        let mut finder = ImportFinder { root, module, modules: &modules, found };
        finder.visit_file(&file);
        (module.clone(), finder.found)
    };
    modules.keys().map(imports).collect()
}

#[test]
fn no_two_modules_import_each_other() {
    let mut mutual = Vec::new();
    let mut seen = 0;
    for folder in ["src", "adapters/src"] {
        let all = imports_of(folder);
        seen += all.values().map(BTreeSet::len).sum::<usize>();
        for (module, imports) in &all {
            let kin = |other: &&ModulePath| other.starts_with(module) || module.starts_with(other);
            let back = |other: &&ModulePath| all[*other].contains(module);
            let others = imports.iter().filter(|it| module < *it && !kin(it));
            mutual.extend(others.filter(back).map(|other| (module.join("::"), other.join("::"))));
        }
    }
    assert!(seen > 500, "only {seen} imports were found: the check would be blind");
    assert_eq!(mutual, Vec::new());
}
