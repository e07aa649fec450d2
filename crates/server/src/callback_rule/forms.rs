//! The table of forms that addresses are written in, `forms.tsv`.

/// One row.
pub(crate) struct Form {
    /// `public`, `loopback`, `inside` or `no url`.
    pub(crate) verdict: &'static str,
    pub(crate) address: String,
    pub(crate) what: &'static str,
}

/// All rows, with this port.
pub(crate) fn all(port: u16) -> impl Iterator<Item = Form> {
    let rows = include_str!("forms.tsv").lines().filter(|line| !line.starts_with('#'));
    rows.map(move |row| {
        let mut cells = row.split('\t');
        let mut cell = || cells.next().unwrap_or_else(|| panic!("{row:?} has three cells"));
        let (verdict, address, what) = (cell(), cell(), cell());
        Form { verdict, address: address.replace("{port}", &port.to_string()), what }
    })
}
