//! A table that can be sorted by each of its columns.

use maud::{Markup, html};

/// A table before it is written.
pub struct Table {
    /// Its name in the page, of letters and hyphens.
    pub id: &'static str,
    /// What it holds, and in which order.
    pub caption: String,
    /// The heads of its columns.
    pub heads: Vec<Head>,
    /// Its rows, each with a cell a column; the first cell names the row.
    pub rows: Vec<Vec<Cell>>,
}

/// The head of a column.
pub struct Head {
    /// What it says.
    pub title: String,
    /// True for numbers: they stand at the right, and the largest come first when one sorts.
    pub numbers: bool,
    /// Where the rows are sorted by it from the start: how.
    pub sorted: Option<Order>,
}

/// An order of rows, as ARIA calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The smallest first.
    Rising,
    /// The largest first.
    Falling,
}

impl Order {
    fn name(self) -> &'static str {
        match self {
            Order::Rising => "ascending",
            Order::Falling => "descending",
        }
    }
}

impl Head {
    /// Of a column of texts.
    pub fn texts(title: &str) -> Self {
        Head { title: title.to_owned(), numbers: false, sorted: None }
    }

    /// Of a column of numbers.
    pub fn numbers(title: &str) -> Self {
        Head { numbers: true, ..Self::texts(title) }
    }
}

/// One cell.
pub struct Cell {
    /// What it shows.
    pub shown: Markup,
    /// What it is sorted by: a number, or a text; empty comes last.
    pub key: String,
}

impl Cell {
    /// A text that is sorted by itself.
    pub fn text(text: &str) -> Self {
        Cell { shown: html! { (text) }, key: text.to_owned() }
    }

    /// A number; none is empty.
    pub fn number(number: Option<f64>, shown: Markup) -> Self {
        Cell { shown, key: number.map_or(String::new(), |number| number.to_string()) }
    }

    /// A count.
    pub fn count(count: usize) -> Self {
        Cell { shown: html! { (count) }, key: count.to_string() }
    }
}

impl Table {
    /// The table in a region of its own, which scrolls where the window is narrow.
    pub fn markup(&self) -> Markup {
        let caption_id = format!("{}-caption", self.id);
        let order = |head: &Head| head.sorted.map(Order::name);
        html! {
            div class="scroll" role="region" tabindex="0" aria-labelledby=(caption_id) {
                table id=(self.id) class="sortable" {
                    caption id=(caption_id) { span { (self.caption) } }
                    thead {
                        tr {
                            @for head in &self.heads {
                                th scope="col" class=[head.numbers.then_some("number")] aria-sort=[order(head)] { (head.title) }
                            }
                        }
                    }
                    tbody {
                        @for row in &self.rows {
                            tr {
                                @for (head, (n, cell)) in self.heads.iter().zip(row.iter().enumerate()) {
                                    @let class = head.numbers.then_some("number");
                                    @if n == 0 {
                                        th scope="row" class=[class] data-key=(cell.key) { (cell.shown) }
                                    } @else {
                                        td class=[class] data-key=(cell.key) { (cell.shown) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_has_a_caption_and_heads_of_columns_and_rows_and_escapes_what_it_is_given() {
        let hostile = "<script>alert('1')</script> & \"x\"";
        let table = Table {
            id: "cts",
            caption: hostile.into(),
            heads: vec![Head::texts(hostile), Head { sorted: Some(Order::Falling), ..Head::numbers("Nodules") }],
            rows: vec![vec![Cell::text(hostile), Cell::number(None, html! { "–" })]],
        };
        let text = table.markup().into_string();
        assert!(!text.contains("<script") && text.contains("&lt;script&gt;"), "{text}");
        assert!(text.contains(r#"<th scope="col" class="number" aria-sort="descending">Nodules</th>"#), "{text}");
        assert!(text.contains(r#"data-key="&lt;script&gt;alert('1')&lt;/script&gt; &amp; &quot;x&quot;""#), "{text}");
        assert!(text.contains(r#"<td class="number" data-key="">–</td>"#), "{text}");
        assert!(text.contains(r#"<caption id="cts-caption">"#) && text.contains(r#"aria-labelledby="cts-caption""#));
    }
}
