//! The functions of a program, by address.

use object::{Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};
use std::{collections::HashMap, ops::Range};

/// A function's place in [`Symbols`]; 0 is what no symbol covers.
pub type FunctionId = u32;

/// Names and places of a program's functions.
#[derive(Debug)]
pub struct Symbols {
    text: Range<u64>,
    /// Function at each half word of the text.
    at: Vec<FunctionId>,
    names: Vec<String>,
}

impl Symbols {
    /// Reads the symbol table of an ELF file.
    pub fn read(elf: &[u8]) -> Result<Self, object::Error> {
        let file = object::File::parse(elf)?;
        let texts: Vec<_> = file.sections().filter(|section| section.kind() == SectionKind::Text).collect();
        let start = texts.iter().map(ObjectSection::address).min().unwrap_or_default();
        let end = texts.iter().map(|section| section.address() + section.size()).max().unwrap_or_default();
        let mut symbols =
            Self { text: start..end, at: vec![0; index(end - start)], names: vec!["(no symbol)".into()] };
        let mut ids: HashMap<String, FunctionId> = HashMap::new();
        for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
            let name = format!("{:#}", rustc_demangle::demangle(symbol.name()?));
            let id = *ids.entry(name).or_insert_with_key(|name| {
                symbols.names.push(name.clone());
                FunctionId::try_from(symbols.names.len() - 1).unwrap_or_default()
            });
            let first = symbol.address().saturating_sub(start);
            if let Some(range) = symbols.at.get_mut(index(first)..index(first + symbol.size())) {
                range.fill(id);
            }
        }
        Ok(symbols)
    }

    /// The addresses of instructions.
    pub fn text(&self) -> Range<u64> {
        self.text.clone()
    }

    /// The function at an address.
    pub fn function_at(&self, address: u64) -> FunctionId {
        self.at.get(index(address.wrapping_sub(self.text.start))).copied().unwrap_or_default()
    }

    /// Its name.
    pub fn name(&self, id: FunctionId) -> &str {
        self.names.get(id as usize).map_or("", |name| name)
    }

    /// The name of the function at an address.
    pub fn name_at(&self, address: u64) -> &str {
        self.name(self.function_at(address))
    }

    /// All names, by [`FunctionId`].
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset / 2).unwrap_or(usize::MAX)
}
