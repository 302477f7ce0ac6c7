//! How often the clauses that go by chance catch what they are meant for, as `FAULTS.md` has measured it.

const FAULTS: &str = include_str!("../../FAULTS.md");

/// Gives in how many of a thousand single runs the clause caught the fault that it caught least often, on an idle machine
/// or a loaded one; `None` if nothing was measured.
pub(crate) fn rate(clause: &str) -> Option<u32> {
    let (_, table) = FAULTS.split_once("\n# How often\n")?;
    let rows = table.lines().map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    let of_clause = rows.filter(|cells| cells.get(1) == Some(&clause));
    of_clause.filter_map(|cells| cells.get(2)?.parse().ok().min(cells.get(3)?.parse().ok())).min()
}
