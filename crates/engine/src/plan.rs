//! The plan of a resource: everything that can be refused is refused here, before row one (contract 2.5 and section 12,
//! rows 26 to 28, 35, 36 and 58). What is left for a row is data.

mod column;
mod format;
mod layout;
mod lookup;
mod refusal;

#[cfg(test)]
mod tests;

use std::iter;

use crate::catalog::{Catalog, Field, FieldNumber, Module, ModuleNumber};
use crate::limits::Limits;
use crate::placement;
use crate::record_store::IndexId;
use crate::spec::{Mapping, Operation, ResourceSpec};
use crate::typing::{People, Person};
use crate::verdict::{Fault, RowCode};

use layout::RowLayout;

pub(crate) use column::OnEmpty;
pub use column::{Column, NewPicklistValues};
pub use refusal::Refusal;

/// Columns that the vendor's result file shows of the upload.
const RESULT_COLUMNS: usize = 3;
/// Mappings are numbered in 16 bits, and the last number means none.
const MAPPINGS_MAX: usize = u16::MAX as usize - 1;

/// What a plan is made from, beside the file's header.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Place of the resource in the job, from 0: for the paths of refusals.
    pub resource: usize,
    /// What is asked for.
    pub spec: &'a ResourceSpec,
    /// The modules.
    pub catalog: &'a Catalog,
    /// The users of the organisation.
    pub people: &'a [Person],
    /// Picklist values that earlier writes added to the module's fields.
    pub picklist_additions: &'a [(FieldNumber, String)],
    /// What becomes of values that a picklist does not have.
    pub new_picklist_values: NewPicklistValues,
    /// The time zone of moments without an offset: the user's.
    pub time_zone: &'a jiff::tz::TimeZone,
    /// The bounds.
    pub limits: &'a Limits,
}

/// How the rows of one CSV become records.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) module: ModuleNumber,
    pub(crate) module_name: String,
    pub(crate) operation: Operation,
    pub(crate) ignore_empty: bool,
    /// In the order of the request, or of the header: a fault's `mapping` is a place in here.
    pub(crate) columns: Vec<Column>,
    /// Places in `columns`, in rising order of field numbers: the order of bodies.
    pub(crate) body_order: Vec<u16>,
    /// For each mapping its rank in file order: the order in which faults are told.
    pub(crate) ranks: Vec<u16>,
    /// All indexes of the module.
    pub(crate) indexes: Vec<PlannedIndex>,
    pub(crate) find_by: Option<FindBy>,
    /// The index that places records, by its place in `indexes`.
    pub(crate) placement: Option<usize>,
    pub(crate) result_columns: Vec<usize>,
    pub(crate) ignored_headers: Vec<String>,
}

/// An index of the module, and where its values come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlannedIndex {
    pub id: IndexId,
    pub unique: bool,
    /// Place in `columns`, if the field is mapped.
    pub mapping: Option<u16>,
    /// Whether rows can change its keys: its field, or one that it is joined from, is mapped.
    pub moves: bool,
}

/// How rows find their records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FindBy {
    /// The cell is the record's id.
    Id { mapping: u16 },
    /// The cell is a key of an index, given by its place in `indexes`.
    Index { mapping: u16, index: usize },
}

impl FindBy {
    pub(crate) fn mapping(self) -> u16 {
        match self {
            FindBy::Id { mapping } | FindBy::Index { mapping, .. } => mapping,
        }
    }
}

impl Plan {
    /// Settles everything about a resource whose file has this header.
    ///
    /// # Errors
    /// The first thing that stands in the way.
    pub fn settle(request: &Request<'_>, header: &[String]) -> Result<Plan, Refusal> {
        let mut draft = Draft::new(request)?;
        let (mappings, ignored_headers) = draft.mappings(header)?;
        let layout = RowLayout::settle(draft.module, &mappings, &draft.root)?;
        draft.module_column = draft.module_column(&mappings, header.len())?;
        let mut columns = draft.columns(layout, &mappings, header)?;
        draft.check_mandatory(layout, &columns)?;
        let indexes = indexes(draft.module, &columns);
        for (place, mapping) in indexes.iter().enumerate().filter_map(|(place, index)| Some((place, index.mapping?))) {
            columns[usize::from(mapping)].index = Some(place);
        }
        Ok(Plan {
            module: draft.module.number,
            module_name: draft.module.api_name.clone(),
            operation: request.spec.operation,
            ignore_empty: request.spec.ignore_empty,
            body_order: order(&columns, |column| Some(usize::from(column.field.0))),
            ranks: ranks(&columns),
            find_by: draft.find_by(&columns, &indexes)?,
            placement: placement_index(draft.module, &indexes),
            result_columns: result_columns(&columns),
            columns,
            indexes,
            ignored_headers,
        })
    }

    /// Whether rows may hold `null`, for values that go.
    pub(crate) fn blanks(&self) -> bool {
        self.operation != Operation::Insert && !self.ignore_empty
    }

    pub(crate) fn finds_by_id(&self) -> bool {
        matches!(self.find_by, Some(FindBy::Id { .. }))
    }

    /// The order in which faults of one row are told (contract 12, row 32): by code, then by columns in file order.
    pub(crate) fn told_order(&self, fault: &Fault) -> (RowCode, Option<u16>) {
        (fault.code, fault.mapping.map(|mapping| self.ranks[usize::from(mapping)]))
    }

    /// What happens to rows.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// API name of the module.
    pub fn module_name(&self) -> &str {
        &self.module_name
    }

    /// The mappings, in the order of the request or, without one, of the header: `Fault::mapping` is a place in here.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Header names that became no field, as the file has them.
    pub fn ignored_headers(&self) -> &[String] {
        &self.ignored_headers
    }

    /// The columns of the file, from 0, that the vendor's result file shows.
    pub fn result_columns(&self) -> &[usize] {
        &self.result_columns
    }
}

/// What is known before the columns are.
struct Draft<'a> {
    request: &'a Request<'a>,
    module: &'a Module,
    people: People,
    /// The column whose cells say into which module a polymorphic look-up points.
    module_column: Option<usize>,
    /// `$.resource[0]`
    root: String,
}

impl<'a> Draft<'a> {
    fn new(request: &'a Request<'a>) -> Result<Self, Refusal> {
        let root = format!("$.resource[{}]", request.resource);
        let unknown =
            || Refusal::UnknownModule { module: request.spec.module.clone(), path: format!("{root}.module.api_name") };
        let module = request.catalog.module(&request.spec.module).ok_or_else(unknown)?;
        let draft = Draft { request, module, people: People::new(request.people), module_column: None, root };
        draft.check_find_by()?;
        Ok(draft)
    }

    fn check_find_by(&self) -> Result<(), Refusal> {
        let path = self.find_by_path();
        let Some(find_by) = &self.request.spec.find_by else {
            let is_needed = self.request.spec.operation != Operation::Insert;
            return if is_needed { Err(Refusal::FindByMissing { path }) } else { Ok(()) };
        };
        match self.module.field(find_by) {
            Some(field) if field.is_id() || field.is_indexed() && field.joins.is_none() => Ok(()),
            Some(_) => Err(Refusal::FindByUnusable { field: find_by.clone(), path }),
            None => Err(Refusal::UnknownField { api_name: find_by.clone(), path }),
        }
    }

    fn find_by_path(&self) -> String {
        format!("{}.find_by", self.root)
    }

    fn mappings(&self, header: &[String]) -> Result<(Vec<Mapping>, Vec<String>), Refusal> {
        let (mappings, ignored) = match self.request.spec.mappings.as_slice() {
            [] => self.by_header(header)?,
            given => (given.to_vec(), Vec::new()),
        };
        let limit = self.request.limits.columns_max.min(MAPPINGS_MAX);
        let path = format!("{}.field_mappings", self.root);
        if mappings.len() > limit {
            return Err(Refusal::TooManyMappings { found: mappings.len(), limit, path });
        }
        Ok((mappings, ignored))
    }

    /// Columns by their names (contract 12, row 35).
    fn by_header(&self, header: &[String]) -> Result<(Vec<Mapping>, Vec<String>), Refusal> {
        let (mut mappings, mut ignored) = (Vec::new(), Vec::new());
        for (index, name) in header.iter().enumerate() {
            match self.mapping_of_header(name.trim(), index) {
                Some(mapping) => mappings.push(mapping),
                None => ignored.push(name.clone()),
            }
        }
        if mappings.iter().all(|mapping| self.names_modules(mapping)) {
            return Err(Refusal::NoKnownHeader { headers: ignored, path: self.root.clone() });
        }
        Ok((mappings, ignored))
    }

    /// A field's own name, or with a dot and what its cells find records by: `Account_Name.Website`.
    fn mapping_of_header(&self, name: &str, index: usize) -> Option<Mapping> {
        if lookup::names_modules(name, self.module) {
            return Some(Mapping::of_column(name, index));
        }
        let (field, find_by) = match self.field_of_header(name) {
            Some(field) => (field, lookup::find_by_of_plain_header(self.request, field)),
            None => {
                let (field, find_by) = name.split_once('.')?;
                let field = self.field_of_header(field.trim())?;
                (field, Some(lookup::find_by_of_header(self.request, field, find_by.trim())?))
            }
        };
        Some(Mapping { find_by, ..Mapping::of_column(&field.api_name, index) })
    }

    fn names_modules(&self, mapping: &Mapping) -> bool {
        lookup::names_modules(&mapping.field, self.module)
    }

    /// The column of the mapping that names modules and no field.
    fn module_column(&self, mappings: &[Mapping], columns: usize) -> Result<Option<usize>, Refusal> {
        let mut found = mappings.iter().enumerate().filter(|(_, mapping)| self.names_modules(mapping));
        let Some((place, mapping)) = found.next() else { return Ok(None) };
        let path = format!("{}.field_mappings[{place}]", self.root);
        column::source(mapping, columns, &path)
    }

    /// Read-only fields are passed over: files that were exported carry them, and nobody asked for them by name.
    fn field_of_header(&self, name: &str) -> Option<&'a Field> {
        if name.starts_with('_') {
            return None;
        }
        let folded = name.to_lowercase();
        let is_named = |field: &&Field| field.api_name.to_lowercase() == folded;
        let is_labelled = |field: &&Field| field.label.to_lowercase() == folded;
        let fields = &self.module.fields;
        let field = fields.iter().find(is_named).or_else(|| fields.iter().find(is_labelled))?;
        (!field.read_only || self.is_key(field)).then_some(field)
    }

    fn is_key(&self, field: &Field) -> bool {
        self.request.spec.find_by.as_ref() == Some(&field.api_name)
    }

    fn columns(&self, layout: RowLayout<'_>, mappings: &[Mapping], header: &[String]) -> Result<Vec<Column>, Refusal> {
        let mut columns: Vec<Column> = Vec::with_capacity(mappings.len());
        for (place, mapping) in mappings.iter().enumerate().filter(|(_, mapping)| !self.names_modules(mapping)) {
            let path = format!("{}.field_mappings[{place}]", self.root);
            let column = self.column(layout, mapping, header, &path)?;
            if let Some(first) = columns.iter().find(|other| other.field == column.field) {
                let sources = first.source.zip(column.source).filter(|(first, second)| first != second);
                let sources = sources.map(|(first, second)| [first, second]);
                let path = format!("{path}.api_name");
                return Err(Refusal::MappedTwice { api_name: mapping.field.clone(), columns: sources, path });
            }
            columns.push(column);
        }
        Ok(columns)
    }

    fn column(
        &self,
        layout: RowLayout<'_>,
        mapping: &Mapping,
        header: &[String],
        path: &str,
    ) -> Result<Column, Refusal> {
        let api_name = || mapping.field.clone();
        let path_of = |key: &str| format!("{path}.{key}");
        let Some(field) = self.module.field(&mapping.field) else {
            return Err(Refusal::UnknownField { api_name: api_name(), path: path_of("api_name") });
        };
        if field.read_only && !(field.is_id() && self.is_key(field)) {
            return Err(Refusal::ReadOnly { api_name: api_name(), path: path_of("api_name") });
        }
        Column::settle(self, layout, field, mapping, header, path)
    }

    /// Contract 12, row 26: demanded where rows can create. A default counts as a mapping.
    fn check_mandatory(&self, layout: RowLayout<'_>, columns: &[Column]) -> Result<(), Refusal> {
        if self.request.spec.operation == Operation::Update {
            return Ok(());
        }
        let is_mapped = |field: &Field| columns.iter().any(|column| column.field == field.number);
        let missing = self.module.fields.iter().filter(|field| layout.demands(field) && !is_mapped(field));
        let api_names: Vec<String> = missing.map(|field| field.api_name.clone()).collect();
        let path = format!("{}.field_mappings", self.root);
        if api_names.is_empty() { Ok(()) } else { Err(Refusal::MandatoryNotMapped { api_names, path }) }
    }

    fn find_by(&self, columns: &[Column], indexes: &[PlannedIndex]) -> Result<Option<FindBy>, Refusal> {
        let Some(find_by) = &self.request.spec.find_by else { return Ok(None) };
        let Some(place) = columns.iter().position(|column| column.api_name == *find_by) else {
            return Err(Refusal::FindByNotMapped { field: find_by.clone(), path: self.find_by_path() });
        };
        let mapping = place as u16;
        let index = indexes.iter().position(|index| index.mapping == Some(mapping));
        Ok(Some(index.map_or(FindBy::Id { mapping }, |index| FindBy::Index { mapping, index })))
    }
}

fn indexes(module: &Module, columns: &[Column]) -> Vec<PlannedIndex> {
    let place_of = |number: FieldNumber| columns.iter().position(|column| column.field == number);
    let planned = |field: &Field| PlannedIndex {
        id: index_id(module, field),
        unique: field.unique.is_some(),
        mapping: place_of(field.number).map(|place| place as u16),
        moves: iter::once(field.number).chain(field.joins.into_iter().flatten()).any(|it| place_of(it).is_some()),
    };
    module.indexed().map(planned).collect()
}

/// The index over a field of a module.
pub fn index_id(module: &Module, field: &Field) -> IndexId {
    IndexId {
        module: module.number,
        field: field.number,
        case_sensitive: field.is_case_sensitive(),
        joins: field.joins,
    }
}

fn placement_index(module: &Module, indexes: &[PlannedIndex]) -> Option<usize> {
    let field = placement::field(module)?;
    indexes.iter().position(|index| index.id.field == field.number)
}

/// Places in `columns`, in rising order of what `by` says; those of which it says nothing come last.
fn order(columns: &[Column], by: impl Fn(&Column) -> Option<usize>) -> Vec<u16> {
    let mut places: Vec<u16> = (0..columns.len() as u16).collect();
    places.sort_by_key(|&place| by(&columns[usize::from(place)]).unwrap_or(usize::MAX));
    places
}

fn ranks(columns: &[Column]) -> Vec<u16> {
    let mut ranks = vec![0; columns.len()];
    for (rank, place) in order(columns, |column| column.source).into_iter().enumerate() {
        ranks[usize::from(place)] = rank as u16;
    }
    ranks
}

fn result_columns(columns: &[Column]) -> Vec<usize> {
    let mut sources: Vec<usize> = columns.iter().filter_map(|column| column.source).collect();
    sources.sort_unstable();
    sources.dedup();
    sources.truncate(RESULT_COLUMNS);
    sources
}
