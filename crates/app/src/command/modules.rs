//! `modules …`: which modules there are, and whether a file of one's own is sound.

use bulkwright_client::Exit;
use bulkwright_engine::catalog::{Catalog, Field, FieldKind, Layout, Module};
use bulkwright_server::modules;
use serde_json::{Value, json};

use crate::args::{ModulesCheckArgs, ModulesCommand, ModulesListArgs, ModulesShowArgs, OfFile};
use crate::exit::Failure;
use crate::own_server::failure;
use crate::table;
use crate::ui::{Ui, counted};

/// The form of the JSON answers.
const SCHEMA: u32 = 1;

pub(crate) fn run(command: &ModulesCommand, ui: &Ui) -> Result<Exit, Failure> {
    match command {
        ModulesCommand::Check(args) => check(args, ui),
        ModulesCommand::List(args) => list(args, ui),
        ModulesCommand::Show(args) => show(args, ui),
    }
}

fn check(args: &ModulesCheckArgs, ui: &Ui) -> Result<Exit, Failure> {
    let catalog = modules::read(&args.file).map_err(|error| failure(&error))?;
    let builtin = Catalog::builtin();
    let changes: Vec<Change<'_>> =
        catalog.modules().iter().filter_map(|module| Change::of(module, builtin.module(&module.api_name))).collect();
    if ui.json {
        let modules: Vec<Value> = changes.iter().map(Change::json).collect();
        ui.answer_json(&json!({ "schema": SCHEMA, "sound": true, "modules": modules }));
        return Ok(Exit::Done);
    }
    changes.iter().for_each(|change| ui.answer(&change.line()));
    let modules = counted(changes.len() as u64, "module");
    ui.answer(&format!("{} is sound; it has {modules}", args.file.display()));
    Ok(Exit::Done)
}

fn list(args: &ModulesListArgs, ui: &Ui) -> Result<Exit, Failure> {
    let catalog = catalog_of(&args.of)?;
    if ui.json {
        let modules: Vec<Value> = catalog.modules().iter().map(module_json).collect();
        ui.answer_json(&json!({ "schema": SCHEMA, "modules": modules }));
        return Ok(Exit::Done);
    }
    let header = ["MODULE", "LABEL", "FIELDS", "MANDATORY", "FOUND BY", "FROM"];
    let rows = catalog.modules().iter().map(module_cells).collect();
    table::lines(header, rows, &(2..3)).iter().for_each(|line| ui.answer(line));
    Ok(Exit::Done)
}

fn show(args: &ModulesShowArgs, ui: &Ui) -> Result<Exit, Failure> {
    let catalog = catalog_of(&args.of)?;
    let module = catalog.module(&args.module).ok_or_else(|| {
        let names: Vec<&str> = catalog.modules().iter().map(|module| module.api_name.as_str()).collect();
        let hint = format!("there are {}", names.join(", "));
        Failure::new(Exit::NotFound, format!("there is no module {}", args.module), hint)
    })?;
    if ui.json {
        let mut shown = module_json(module);
        shown["schema"] = SCHEMA.into();
        shown["fields"] = module.fields.iter().map(|field| field_json(module, field)).collect();
        shown["layouts"] = module.layouts.iter().map(|layout| layout_json(module, layout)).collect();
        ui.answer_json(&shown);
        return Ok(Exit::Done);
    }
    ui.answer(&format!("{} ({}), number {}, id {}", module.api_name, module.plural_label, module.number.0, module.id));
    for layout in &module.layouts {
        let demanded = demanded(module, layout);
        ui.answer(&format!("layout {}, id {}, demands {}", layout.name, layout.id, demanded.join(", ")));
    }
    let header = ["FIELD", "LABEL", "TYPE", "MARKS", "NUMBER", "ID"];
    let rows = module.fields.iter().map(|field| field_cells(module, field)).collect();
    table::lines(header, rows, &(4..5)).iter().for_each(|line| ui.answer(line));
    Ok(Exit::Done)
}

fn catalog_of(of: &OfFile) -> Result<Catalog, Failure> {
    match of.modules.as_deref().filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => modules::read(path).map_err(|error| failure(&error)),
        None => Ok(Catalog::builtin()),
    }
}

/// What a file says of a module.
struct Change<'c> {
    module: &'c Module,
    added: Vec<&'c str>,
    changed: Vec<&'c str>,
    /// Fields that the standard layout demands since.
    demanded: Vec<&'c str>,
    layouts: Vec<&'c str>,
}

impl<'c> Change<'c> {
    /// `None` if the module is as it is built in.
    fn of(module: &'c Module, builtin: Option<&Module>) -> Option<Self> {
        if builtin == Some(module) {
            return None;
        }
        let before = |field: &Field| builtin.and_then(|module| module.field(&field.api_name));
        let is_changed = |field: &&Field| before(field).is_some_and(|known| known != *field);
        let name = |field: &'c Field| field.api_name.as_str();
        let standard = module.standard_layout();
        Some(Change {
            module,
            added: module.fields.iter().filter(|field| field.is_own()).map(name).collect(),
            changed: module.fields.iter().filter(is_changed).map(name).collect(),
            demanded: module
                .fields
                .iter()
                .filter(|field| standard.mandatory.contains(&field.number))
                .map(name)
                .collect(),
            layouts: module.layouts.iter().skip(1).map(|layout| layout.name.as_str()).collect(),
        })
    }

    fn line(&self) -> String {
        let parts = [
            ("adds", &self.added),
            ("changes", &self.changed),
            ("demands", &self.demanded),
            ("has the layouts", &self.layouts),
        ];
        let told = parts.into_iter().filter(|(_, names)| !names.is_empty());
        let told: Vec<String> = told.map(|(what, names)| format!("{what} {}", names.join(", "))).collect();
        let new = if self.module.is_own() { format!(" (module {})", self.module.number.0) } else { String::new() };
        let told = if told.is_empty() { "no more than every module has".to_owned() } else { told.join("; ") };
        format!("{}{new}: {told}", self.module.api_name)
    }

    fn json(&self) -> Value {
        json!({
            "api_name": self.module.api_name,
            "custom": self.module.is_own(),
            "added": self.added,
            "changed": self.changed,
            "demanded": self.demanded,
            "layouts": self.layouts,
        })
    }
}

fn module_cells(module: &Module) -> [String; 6] {
    [
        module.api_name.clone(),
        module.plural_label.clone(),
        module.fields.len().to_string(),
        demanded(module, module.standard_layout()).join(", "),
        found_by(module).join(", "),
        if module.is_own() { "file" } else { "built in" }.to_owned(),
    ]
}

fn module_json(module: &Module) -> Value {
    json!({
        "api_name": module.api_name,
        "number": module.number.0,
        "id": module.id.to_string(),
        "singular_label": module.singular_label,
        "plural_label": module.plural_label,
        "custom": module.is_own(),
        "mandatory": demanded(module, module.standard_layout()),
        "find_by": found_by(module),
    })
}

fn demanded<'m>(module: &'m Module, layout: &Layout) -> Vec<&'m str> {
    module.fields.iter().filter(|field| layout.demands(field)).map(|field| field.api_name.as_str()).collect()
}

/// What an import can name in `find_by`.
fn found_by(module: &Module) -> Vec<&str> {
    let usable = module.fields.iter().filter(|field| field.is_id() || field.is_indexed() && field.joins.is_none());
    usable.map(|field| field.api_name.as_str()).collect()
}

fn field_cells(module: &Module, field: &Field) -> [String; 6] {
    [
        field.api_name.clone(),
        field.label.clone(),
        kind_in_words(&field.kind),
        marks(module, field).join(", "),
        field.number.0.to_string(),
        field.id.to_string(),
    ]
}

fn kind_in_words(kind: &FieldKind) -> String {
    let name = kind.data_type();
    match kind {
        FieldKind::Text { length }
        | FieldKind::Textarea { length }
        | FieldKind::Email { length }
        | FieldKind::Phone { length }
        | FieldKind::Website { length } => format!("{name} {length}"),
        FieldKind::Integer { digits } | FieldKind::BigInt { digits } => format!("{name} {digits}"),
        FieldKind::Double { digits, decimal_places }
        | FieldKind::Currency { digits, decimal_places }
        | FieldKind::Percent { digits, decimal_places } => format!("{name} {digits}.{decimal_places}"),
        FieldKind::Picklist { values } | FieldKind::MultiSelect { values } => {
            format!("{name} of {}", counted(values.len() as u64, "value"))
        }
        FieldKind::Lookup { modules } => match modules.as_slice() {
            [module] => format!("{name} into {module}"),
            several => format!("{name} into {} modules", several.len()),
        },
        _ => name.to_owned(),
    }
}

fn marks(module: &Module, field: &Field) -> Vec<&'static str> {
    let unique = match field.unique {
        Some(unique) if unique.case_sensitive => Some("unique (case)"),
        Some(_) if field.external => Some("external id"),
        Some(_) => Some("unique"),
        None => None,
    };
    let marks = [
        module.standard_layout().demands(field).then_some("mandatory"),
        unique,
        (field.duplicate_check && field.joins.is_none()).then_some("find_by"),
        field.read_only.then_some("read-only"),
        field.is_own().then_some("own"),
    ];
    marks.into_iter().flatten().collect()
}

fn field_json(module: &Module, field: &Field) -> Value {
    let lookup = match &field.kind {
        FieldKind::Lookup { modules } => json!(modules),
        _ => Value::Null,
    };
    let values = match &field.kind {
        FieldKind::Picklist { values } | FieldKind::MultiSelect { values } => json!(values),
        _ => Value::Null,
    };
    json!({
        "api_name": field.api_name,
        "label": field.label,
        "type": field.kind.data_type(),
        "number": field.number.0,
        "id": field.id.to_string(),
        "mandatory": module.standard_layout().demands(field),
        "find_by": field.is_id() || field.is_indexed() && field.joins.is_none(),
        "unique": field.unique.map(|unique| json!({ "case_sensitive": unique.case_sensitive })),
        "external": field.external,
        "read_only": field.read_only,
        "custom": field.is_own(),
        "modules": lookup,
        "values": values,
    })
}

fn layout_json(module: &Module, layout: &Layout) -> Value {
    let name = |number: &_| module.by_number(*number).map(|field| field.api_name.as_str());
    let sections = layout.sections.iter().map(
        |section| json!({ "name": section.name, "fields": section.fields.iter().filter_map(name).collect::<Vec<_>>() }),
    );
    json!({
        "name": layout.name,
        "id": layout.id.to_string(),
        "mandatory": demanded(module, layout),
        "sections": sections.collect::<Vec<_>>(),
    })
}
