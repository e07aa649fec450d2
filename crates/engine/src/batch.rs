//! The typed rows of one chunk, in arenas: bodies in one string, keys and faults in one vector each, rows as places in
//! them. Nothing is allocated for a row or a cell, and a batch is emptied and filled again.
//!
//! A batch never changes while it is decided, so that it can be decided again after a conflict.

use std::ops::Range;

use crate::body::Writer;
use crate::ids::RecordId;
use crate::plan::{Column, OnEmpty, Plan};
use crate::reader::Row;
use crate::record_store::Key;
use crate::result::Echoes;
use crate::typing::{self, Asked, LookupRule, Rule, Value};
use crate::verdict::{Fault, Reason, RowCode};

/// Places in a batch are 32 bits wide, and the row that fills it may be as long as the reader lets it be.
const BYTES_MAX: usize = 2 << 30;

/// The typed rows of one chunk.
#[derive(Debug, Default)]
pub struct Batch {
    first_row: u64,
    ends: Vec<RowEnds>,
    /// Bodies, or the changes of updates. Rows with faults have none.
    bodies: String,
    keys: Vec<u8>,
    /// For each row, the key of each of the plan's indexes; an empty one where the row has no value for it.
    key_spans: Vec<Span>,
    /// For each row, the id that its find_by column holds; no rows at all if ids do not find.
    ids: Vec<Option<RecordId>>,
    faults: Vec<Fault>,
    /// Faults that only hold if the row makes a record.
    creating_faults: Vec<Fault>,
    /// Mappings whose value its picklist does not have.
    new_choices: Vec<u16>,
    /// Cells whose records are looked for.
    looked_for: Vec<LookedFor>,
    /// What the result will show of the rows.
    echoes: Echoes,
    scratch: String,
}

/// Where what belongs to a row ends in each arena; it begins where that of the row before ends.
#[derive(Clone, Copy, Debug, Default)]
struct RowEnds {
    body: u32,
    fault: u32,
    creating_fault: u32,
    new_choice: u32,
    looked_for: u32,
}

/// A cell whose record is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LookedFor {
    /// The look-up's mapping.
    pub mapping: u16,
    /// In which of its modules.
    pub asked: Asked,
    /// What by.
    pub key: Span,
}

/// A place in an arena.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        debug_assert!(end <= u32::MAX as usize);
        Span { start: start as u32, end: end as u32 }
    }

    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end
    }
}

impl Batch {
    /// Empties the batch, for rows that begin with data row `first_row`.
    pub fn begin(&mut self, first_row: u64) {
        self.first_row = first_row;
        self.ends.clear();
        self.bodies.clear();
        self.keys.clear();
        self.key_spans.clear();
        self.ids.clear();
        self.faults.clear();
        self.creating_faults.clear();
        self.new_choices.clear();
        self.looked_for.clear();
        self.echoes = Echoes::default();
    }

    /// The echoes of the rows, which the result needs and deciding does not. They are gone from the batch then.
    pub fn take_echoes(&mut self) -> Echoes {
        std::mem::take(&mut self.echoes)
    }

    /// Types the next row of the file.
    pub fn push(&mut self, plan: &Plan, row: &Row<'_>) {
        self.echoes.push(plan, row);
        let key_start = self.key_spans.len();
        self.key_spans.resize(key_start + plan.indexes.len(), Span::default());
        if let Some(problem) = row.problem {
            self.faults.push(Fault { code: RowCode::InvalidData, mapping: None, reason: problem.reason() });
        } else {
            self.push_cells(plan, row, key_start);
        }
        self.close_row(plan);
    }

    /// Whether rows of this many bytes make a chunk.
    pub fn is_full(&self, chunk_bytes_max: usize) -> bool {
        self.bytes() >= chunk_bytes_max.min(BYTES_MAX)
    }

    /// Bytes of the typed rows.
    pub fn bytes(&self) -> usize {
        self.bodies.len()
            + self.keys.len()
            + size_of_val(self.key_spans.as_slice())
            + size_of_val(self.ends.as_slice())
            + size_of_val(self.faults.as_slice())
            + size_of_val(self.looked_for.as_slice())
            + self.echoes.bytes()
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn push_cells(&mut self, plan: &Plan, row: &Row<'_>, key_start: usize) {
        let mut cells = CellWriter {
            writer: Writer::begin(&mut self.bodies),
            keys: &mut self.keys,
            key_spans: &mut self.key_spans[key_start..],
            id: None,
            faults: &mut self.faults,
            creating_faults: &mut self.creating_faults,
            new_choices: &mut self.new_choices,
            looked_for: &mut self.looked_for,
        };
        for &mapping in &plan.body_order {
            let column = &plan.columns[usize::from(mapping)];
            let cell = column.cell(row);
            match &column.rule {
                Rule::Lookup(rule) if !cell.is_empty() => {
                    cells.push_looked_for(mapping, rule, rule.module_cell(row), cell, &mut self.scratch);
                }
                _ => cells.push_cell(plan, mapping, column, cell, &mut self.scratch),
            }
        }
        let id = cells.id;
        cells.writer.end();
        if plan.finds_by_id() {
            self.ids.resize(self.ends.len(), None);
            self.ids.push(id);
        }
    }

    /// Rows with faults keep their keys: whether they would have made a record decides what else is told.
    fn close_row(&mut self, plan: &Plan) {
        let before = self.ends.last().copied().unwrap_or_default();
        let faults = &mut self.faults[before.fault as usize..];
        if !faults.is_empty() {
            faults.sort_by_key(|fault| plan.told_order(fault));
            self.bodies.truncate(before.body as usize);
            self.new_choices.truncate(before.new_choice as usize);
        }
        self.ends.push(RowEnds {
            body: self.bodies.len() as u32,
            fault: self.faults.len() as u32,
            creating_fault: self.creating_faults.len() as u32,
            new_choice: self.new_choices.len() as u32,
            looked_for: self.looked_for.len() as u32,
        });
    }
}

/// What deciding reads. Rows are counted from 0 in the batch.
impl Batch {
    pub(crate) fn row_number(&self, row: usize) -> u64 {
        self.first_row + row as u64
    }

    pub(crate) fn last_row_number(&self) -> u64 {
        self.first_row + self.len() as u64 - 1
    }

    pub(crate) fn body_span(&self, row: usize) -> Span {
        Span { start: self.before(row).body, end: self.ends[row].body }
    }

    pub(crate) fn body(&self, span: Span) -> &str {
        &self.bodies[span.range()]
    }

    pub(crate) fn faults(&self, row: usize) -> &[Fault] {
        &self.faults[self.before(row).fault as usize..self.ends[row].fault as usize]
    }

    pub(crate) fn creating_faults(&self, row: usize) -> &[Fault] {
        &self.creating_faults[self.before(row).creating_fault as usize..self.ends[row].creating_fault as usize]
    }

    pub(crate) fn new_choices(&self, row: usize) -> &[u16] {
        &self.new_choices[self.before(row).new_choice as usize..self.ends[row].new_choice as usize]
    }

    /// The cells of a row whose records are looked for: places in [`Batch::all_looked_for`].
    pub(crate) fn looked_for(&self, row: usize) -> Range<usize> {
        self.before(row).looked_for as usize..self.ends[row].looked_for as usize
    }

    pub(crate) fn all_looked_for(&self) -> &[LookedFor] {
        &self.looked_for
    }

    /// The row's key for an index of the plan.
    pub(crate) fn key_span(&self, plan: &Plan, row: usize, index: usize) -> Option<Span> {
        Some(self.key_spans[row * plan.indexes.len() + index]).filter(|span| !span.is_empty())
    }

    pub(crate) fn key(&self, span: Span) -> &Key {
        &self.keys[span.range()]
    }

    pub(crate) fn id(&self, row: usize) -> Option<RecordId> {
        self.ids.get(row).copied().flatten()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = RecordId> {
        self.ids.iter().copied().flatten()
    }

    fn before(&self, row: usize) -> RowEnds {
        row.checked_sub(1).map_or_else(RowEnds::default, |before| self.ends[before])
    }
}

/// Writes the cells of one row into the arenas.
struct CellWriter<'b> {
    writer: Writer<'b>,
    keys: &'b mut Vec<u8>,
    key_spans: &'b mut [Span],
    id: Option<RecordId>,
    faults: &'b mut Vec<Fault>,
    creating_faults: &'b mut Vec<Fault>,
    new_choices: &'b mut Vec<u16>,
    looked_for: &'b mut Vec<LookedFor>,
}

impl CellWriter<'_> {
    #[inline]
    fn push_cell(&mut self, plan: &Plan, mapping: u16, column: &Column, cell: &str, scratch: &mut String) {
        if cell.is_empty() {
            return self.push_empty(mapping, column);
        }
        match typing::read(&column.rule, cell, scratch) {
            Ok(value) => self.push_value(plan, mapping, column, value),
            Err(reason) => {
                self.faults.push(Fault { code: RowCode::InvalidData, mapping: Some(mapping), reason });
            }
        }
    }

    fn push_empty(&mut self, mapping: u16, column: &Column) {
        let fault = Fault { code: RowCode::MandatoryNotFound, mapping: Some(mapping), reason: Reason::Empty };
        match column.on_empty {
            OnEmpty::Leave => {}
            OnEmpty::Blank => self.writer.literal(&column.body_name, "null"),
            OnEmpty::Refuse => self.faults.push(fault),
            OnEmpty::RefuseCreating => self.creating_faults.push(fault),
        }
    }

    fn push_looked_for(
        &mut self,
        mapping: u16,
        rule: &LookupRule,
        module: Option<&str>,
        cell: &str,
        scratch: &mut String,
    ) {
        let start = self.keys.len();
        let typed = rule.asked(module).and_then(|asked| {
            rule.key_into(asked, cell, scratch, self.keys)?;
            Ok(asked)
        });
        match typed {
            Ok(asked) => {
                let key = Span::new(start, self.keys.len());
                self.looked_for.push(LookedFor { mapping, asked, key });
            }
            Err(reason) => self.faults.push(Fault { code: RowCode::InvalidData, mapping: Some(mapping), reason }),
        }
    }

    #[inline]
    fn push_value(&mut self, plan: &Plan, mapping: u16, column: &Column, value: Value<'_>) {
        if matches!(column.rule, Rule::Id) {
            self.id = typing::record_id(value.as_str()).ok();
            return;
        }
        match value {
            Value::Text(text) => self.writer.text(&column.body_name, text),
            Value::Literal(json) => self.writer.literal(&column.body_name, json),
            Value::NewChoice(text) => {
                self.writer.text(&column.body_name, text);
                self.new_choices.push(mapping);
            }
            Value::LookedFor(_) => unreachable!("cells of look-ups go their own way"),
        }
        if let Some(index) = column.index {
            let start = self.keys.len();
            crate::key::fold_into(value.as_str(), plan.indexes[index].id.case_sensitive, self.keys);
            self.key_spans[index] = Span::new(start, self.keys.len());
        }
    }
}
