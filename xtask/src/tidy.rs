//! House rules that a machine can check: lengths, where forks may be named, and that `docs/SPEC.md` is true.

use anyhow::{Context, bail};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use syn::{spanned::Spanned, visit::Visit};

/// A function of more lines than this is not one idea (house style 13).
const MAX_FUNCTION_LINES: usize = 70;
/// A file of more lines than this, its tests not counted, is not one idea (house style 15).
const MAX_FILE_LINES: usize = 450;
/// The crates whose code must not name forks outside `forks.rs` (invariant 2) nor panic (invariant 8).
const CORE: [&str; 5] = ["protocol", "derive", "mpt", "executor", "proof"];
/// Folders of `../shared/data` with what derivation has to show: a file in them that no test reads proves nothing.
const FIXTURES: [&str; 9] =
    ["attributes", "blocks", "derivation", "headers", "kzg", "l1-info", "mpt", "receipts", "upgrade-txs"];
/// The sections of the checklist that `docs/SPEC.md` has to cover in full; its traps have to be covered as well.
const SECTIONS: &str = "ABCDEFGHIJK";

/// Checks everything, prints every finding, and fails if there was one.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let files = parse_all(root)?;
    let mut findings = Vec::new();
    for file in &files {
        file.check_lengths(&mut findings);
        file.check_forks(&mut findings);
    }
    check_reachable(root, &files, &mut findings);
    check_budgets(&files, &mut findings);
    check_spec(root, &files, &mut findings)?;
    check_fixtures(root, &files, &mut findings);
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("{} findings", findings.len());
    }
    println!(
        "tidy: {} files, {} functions",
        files.len(),
        files.iter().map(|f| f.functions.len()).sum::<usize>()
    );
    Ok(())
}

/// A source file: its text, and the functions in it.
struct File {
    path: String,
    text: String,
    /// Lines before the first `#[cfg(test)] mod`, or all.
    code_lines: usize,
    functions: Vec<Function>,
    /// Names of child modules that it declares.
    modules: Vec<String>,
    /// Files that it declares by path: the two sides of a feature, behind one `cfg` (house style 28).
    paths: Vec<String>,
}

struct Function {
    name: String,
    line: usize,
    lines: usize,
    in_tests: bool,
}

impl File {
    fn is_test_file(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs") || self.path.contains("/benches/")
    }

    /// A function with its signature, and with what is written right above it.
    fn around(&self, function: &Function) -> String {
        let lines: Vec<&str> = self.text.lines().collect();
        let body = function.line - 1;
        let indent: String = lines[body].chars().take_while(|letter| *letter == ' ').collect();
        let is_part = |line: &&str| !line.trim().is_empty() && !line.ends_with(['{', '}']);
        let first = body - lines[..body].iter().rev().take_while(|line| is_part(line)).count();
        // Of functions that a macro wraps the length is not known.
        let close = format!("{indent}}}");
        let length = lines[body..].iter().position(|line| line.starts_with(&close)).unwrap_or_default();
        lines[first..=body + length.max(function.lines.saturating_sub(1))].join("\n")
    }

    fn is_core(&self) -> bool {
        CORE.iter().any(|name| self.path.starts_with(&format!("crates/{name}/src/")))
    }

    fn is_generated(&self) -> bool {
        self.text.starts_with("// @generated")
    }

    fn check_lengths(&self, findings: &mut Vec<String>) {
        if self.is_test_file() || self.is_generated() {
            return;
        }
        if self.code_lines > MAX_FILE_LINES {
            findings
                .push(format!("{}: {} lines of code, at most {MAX_FILE_LINES}", self.path, self.code_lines));
        }
        for function in self.functions.iter().filter(|f| !f.in_tests && f.lines > MAX_FUNCTION_LINES) {
            findings.push(format!(
                "{}:{}: `{}` has {} lines, at most {MAX_FUNCTION_LINES}",
                self.path, function.line, function.name, function.lines
            ));
        }
    }

    /// Invariant 2: only `forks.rs` compares a time with a fork. Other code asks the rule tables for a behaviour, so it
    /// has no reason to ask when a fork is active.
    fn check_forks(&self, findings: &mut Vec<String>) {
        let exempt = ["protocol/src/forks.rs", "protocol/src/config", "protocol/src/chains"];
        if !self.is_core() || exempt.iter().any(|e| self.path.contains(e)) {
            return;
        }
        for (i, line) in self.text.lines().take(self.code_lines).enumerate() {
            if line.contains(".time(Fork::") || line.contains("is_active(Fork::") {
                findings.push(format!(
                    "{}:{}: asks when a fork is active; forks.rs does that",
                    self.path,
                    i + 1
                ));
            }
        }
    }
}

fn parse_all(root: &Path) -> anyhow::Result<Vec<File>> {
    let mut paths = Vec::new();
    for folder in ["crates", "testing", "xtask", "fuzz", "examples", "guests"] {
        collect(&root.join(folder), |path| path.extension().is_some_and(|e| e == "rs"), &mut paths);
    }
    paths.sort();
    paths.iter().map(|path| parse(root, path)).collect()
}

/// Adds the files below a folder that are wanted; none if there is no folder.
fn collect(folder: &Path, wanted: fn(&Path) -> bool, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, wanted, paths);
        } else if wanted(&path) {
            paths.push(path);
        }
    }
}

fn parse(root: &Path, path: &Path) -> anyhow::Result<File> {
    let text = fs::read_to_string(path)?;
    let syntax = syn::parse_file(&text).with_context(|| format!("{} does not parse", path.display()))?;
    let mut visitor = Functions::default();
    visitor.visit_file(&syntax);
    let name = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
    Ok(File {
        path: name,
        code_lines: visitor.first_test_module.map_or(text.lines().count(), |line| line - 1),
        functions: visitor.functions,
        modules: visitor.modules,
        paths: visitor.paths,
        text,
    })
}

#[derive(Default)]
struct Functions {
    functions: Vec<Function>,
    modules: Vec<String>,
    paths: Vec<String>,
    first_test_module: Option<usize>,
    test_depth: usize,
}

impl Functions {
    fn add(&mut self, name: &syn::Ident, span: proc_macro2::Span, attributes: &[syn::Attribute]) {
        let in_tests = self.test_depth > 0 || attributes.iter().any(|a| a.path().is_ident("test"));
        let (start, end) = (span.start().line, span.end().line);
        self.functions.push(Function {
            name: name.to_string(),
            line: start,
            lines: end - start + 1,
            in_tests,
        });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig.ident, item.block.span(), &item.attrs);
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig.ident, item.block.span(), &item.attrs);
        syn::visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.add(&item.sig.ident, item.span(), &item.attrs);
        syn::visit::visit_trait_item_fn(self, item);
    }

    /// Tests that a macro such as `proptest!` wraps are functions all the same: found by their text.
    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let mut words = item.tokens.clone().into_iter().peekable();
        while let Some(word) = words.next() {
            let (proc_macro2::TokenTree::Ident(word), Some(proc_macro2::TokenTree::Ident(name))) =
                (word, words.peek())
            else {
                continue;
            };
            if word == "fn" {
                self.functions.push(Function {
                    name: name.to_string(),
                    line: name.span().start().line,
                    lines: 0,
                    in_tests: true,
                });
            }
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.content.is_none() {
            self.modules.push(item.ident.to_string());
            self.paths.extend(item.attrs.iter().filter_map(path_of));
        }
        let is_test = item.attrs.iter().any(|a| {
            a.path().is_ident("cfg") && a.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
        });
        if is_test {
            let line = item.span().start().line;
            self.first_test_module.get_or_insert(line);
        }
        self.test_depth += usize::from(is_test);
        syn::visit::visit_item_mod(self, item);
        self.test_depth -= usize::from(is_test);
    }
}

/// `"enabled.rs"` of `#[path = "enabled.rs"]` or `#[cfg_attr(feature = "…", path = "enabled.rs")]`.
fn path_of(attribute: &syn::Attribute) -> Option<String> {
    let text = match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("path") => return literal(&pair.value),
        syn::Meta::List(list) if list.path.is_ident("cfg_attr") => list.tokens.to_string(),
        _ => return None,
    };
    let (_, path) = text.split_once("path = \"")?;
    path.split('"').next().map(str::to_owned)
}

fn literal(value: &syn::Expr) -> Option<String> {
    match value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// Dead files: a source file that no module declares.
fn check_reachable(root: &Path, files: &[File], findings: &mut Vec<String>) {
    let declared: BTreeSet<PathBuf> = files
        .iter()
        .flat_map(|file| {
            let path = Path::new(&file.path);
            let folder = path.parent().unwrap_or(path).to_path_buf();
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let is_root = ["lib", "main", "mod"].contains(&stem.as_str());
            let home = if is_root { folder.clone() } else { folder.join(stem) };
            let by_path = file.paths.iter().map(move |path| folder.join(path));
            file.modules
                .iter()
                .flat_map(move |m| [home.join(format!("{m}.rs")), home.join(m).join("mod.rs")])
                .chain(by_path)
        })
        .collect();
    for file in files.iter().filter(|f| f.path.contains("/src/")) {
        let path = Path::new(&file.path);
        let is_root = ["lib.rs", "main.rs"].iter().any(|n| path.ends_with(Path::new("src").join(n)))
            || file.path.contains("/src/bin/");
        // Test roots may declare a module with #[path]; those live outside src/.
        if !is_root && !declared.contains(path) && root.join(path).exists() {
            findings.push(format!("{}: no module declares this file", file.path));
        }
    }
}

/// The size that a newcomer can read: stated in the issues, held here.
fn check_budgets(files: &[File], findings: &mut Vec<String>) {
    for (name, budget) in [("derive", 2_000), ("protocol", 3_500)] {
        let prefix = format!("crates/{name}/src/");
        let lines: usize = files
            .iter()
            .filter(|f| f.path.starts_with(&prefix) && !f.is_test_file() && !f.is_generated())
            .map(|f| f.text.lines().take(f.code_lines).filter(|l| !is_comment_or_blank(l)).count())
            .sum();
        if lines >= budget {
            findings.push(format!("{prefix}: {lines} lines of code, not less than {budget}"));
        }
    }
}

fn is_comment_or_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with("//")
}

/// `docs/SPEC.md` is a table `| rule | what | function | test | note |`: every rule of [`SECTIONS`] has a row, and every row
/// names a function and a test that exist, or says in its note why it has none. The rule's id stands in a file of such a
/// function, and in each of the tests.
fn check_spec(root: &Path, files: &[File], findings: &mut Vec<String>) -> anyhow::Result<()> {
    let spec = fs::read_to_string(root.join("docs/SPEC.md")).context("docs/SPEC.md")?;
    let index: BTreeMap<&str, BTreeSet<&str>> = files
        .iter()
        .map(|f| (f.path.as_str(), f.functions.iter().map(|f| f.name.as_str()).collect()))
        .collect();
    let exists = |place: &str| {
        let Some((path, name)) = place.split_once("::") else { return root.join(place).exists() };
        let texts = files.iter().find(|f| f.path == path);
        index.get(path).is_some_and(|names| names.contains(name))
            || texts.is_some_and(|f| {
                ["struct ", "enum ", "const ", "trait "]
                    .iter()
                    .any(|k| f.text.contains(&format!("{k}{name}")))
            })
    };
    let mut covered = BTreeSet::new();
    for (i, line) in spec.lines().enumerate() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, rule, _, function, test, note, ..] = cells[..] else { continue };
        if !is_rule(rule) {
            continue;
        }
        covered.insert(rule.to_owned());
        let mut find = |what: String| findings.push(format!("docs/SPEC.md:{}: {rule} {what}", i + 1));
        for place in places(function).chain(places(test)).filter(|place| !exists(place)) {
            find(format!("names `{place}`, which does not exist"));
        }
        if SECTIONS.contains(&rule[..1]) {
            let mut homes = places(function).filter_map(|place| place.split_once("::")).peekable();
            let is_home = |(path, _): (&str, &str)| named_in_file(files, path, rule);
            if homes.peek().is_some() && !homes.any(is_home) {
                find("is not named where its functions are".to_owned());
            }
            for place in places(test).filter(|place| !named_in_function(files, place, rule)) {
                find(format!("is not named by `{place}`"));
            }
        }
        if !function.contains('`') && note.is_empty() {
            find("names no function and gives no reason".to_owned());
        }
        if !test.contains('`') && note.strip_prefix("no test: ").is_none_or(str::is_empty) {
            find("names no test, and its note does not begin with `no test: ` and a reason".to_owned());
        }
    }
    let checklist = root.join("../shared/protocol/checklist.md");
    if let Ok(checklist) = fs::read_to_string(checklist) {
        let rules = checklist.lines().filter_map(rule_defined).filter(|rule| SECTIONS.contains(&rule[..1]));
        for rule in rules.map(str::to_owned).chain(traps(&checklist)) {
            if !covered.contains(&rule) {
                findings.push(format!("docs/SPEC.md: no row for {rule}"));
            }
        }
    } else if std::env::var("CI").as_deref() == Ok("true") {
        findings.push("../shared/protocol/checklist.md is absent".to_owned());
    } else {
        println!("skipped: ../shared/protocol/checklist.md is absent, so missing rows are not looked for");
    }
    Ok(())
}

/// What stands between backticks.
fn places(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn named_in_file(files: &[File], path: &str, rule: &str) -> bool {
    files.iter().any(|file| file.path == path && rules_in(&file.text).contains(rule))
}

/// Whether the function, or what is written right above it, names the rule. What is no function of ours, such as a script, need
/// not.
fn named_in_function(files: &[File], place: &str, rule: &str) -> bool {
    let Some((path, name)) = place.split_once("::") else { return true };
    let Some(file) = files.iter().find(|file| file.path == path) else { return true };
    let mut functions = file.functions.iter().filter(|function| function.name == name).peekable();
    functions.peek().is_none() || functions.any(|function| rules_in(&file.around(function)).contains(rule))
}

/// Each fixture is named by a test together with its folder, or the folder by a test that says what of it was not read.
fn check_fixtures(root: &Path, files: &[File], findings: &mut Vec<String>) {
    let data = root.join("../shared/data");
    let mut fixtures = Vec::new();
    for folder in FIXTURES {
        collect(&data.join(folder), |_| true, &mut fixtures);
    }
    if fixtures.is_empty() {
        println!("skipped: ../shared/data is absent, so unread fixtures are not looked for");
    }
    for fixture in fixtures.iter().filter_map(|path| path.strip_prefix(&data).ok()) {
        let (name, folder) = (fixture.file_name(), fixture.parent());
        let (Some(name), Some(folder)) = (name.and_then(|n| n.to_str()), folder.and_then(Path::to_str))
        else {
            continue;
        };
        let is_read = |file: &&File| {
            file.text.contains(folder) && (file.text.contains(name) || file.text.contains("unread(FOLDER)"))
        };
        if !files.iter().any(|file| is_read(&file)) {
            findings.push(format!("../shared/data/{}: no test reads this file", fixture.display()));
        }
    }
}

/// The rules that a text names: `A-001`, `A-001 to A-009`, or `a_001` in the name of a test.
fn rules_in(text: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    let text = text.to_uppercase().replace('_', "-");
    let at = |start: usize| text.get(start..start + 5).filter(|word| is_rule(word));
    let number = |rule: &str| rule[2..].parse::<u32>().unwrap_or_default();
    for (start, first) in (0..text.len()).filter_map(|start| Some((start, at(start)?))) {
        let last = text[start + 5..].strip_prefix(" TO ").and_then(|_| at(start + 9)).unwrap_or(first);
        named.extend((number(first)..=number(last)).map(|rule| format!("{}-{rule:03}", &first[..1])));
    }
    named
}

/// The rule that a line of the checklist defines: `- **A-001** …`, or a row `| **K-040** | …`.
fn rule_defined(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rule = line.strip_prefix("- **").or_else(|| line.strip_prefix("| **"))?.split("**").next()?;
    is_rule(rule).then_some(rule)
}

/// The traps of the checklist, a numbered list, by the ids of their rows: `T-001`.
fn traps(checklist: &str) -> impl Iterator<Item = String> {
    let list = checklist.lines().skip_while(|line| !line.starts_with("## Traps")).skip(1);
    let list = list.take_while(|line| !line.starts_with("## "));
    list.filter_map(|line| line.split_once(". ")?.0.parse().ok()).map(|number: u32| format!("T-{number:03}"))
}

fn is_rule(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() == 5
        && bytes[0].is_ascii_uppercase()
        && bytes[1] == b'-'
        && bytes[2..].iter().all(u8::is_ascii_digit)
}
