//! A data set that is being written: attributes by their tag, each with the value representation of the dictionary.
//!
//! Texts of our own are ASCII, which every character set of DICOM holds: those of the patient stay in the CT's.

use std::path::Path;

use dicom_core::{
    DataElement, PrimitiveValue, Tag, VR,
    dictionary::{DataDictionary, DataDictionaryEntry},
    value::DataSetSequence,
};
use dicom_dictionary_std::{StandardDataDictionary, tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

use crate::error::{Error, Result};

/// Letters of a decimal string (PS3.5 6.2).
const DECIMAL_LETTERS: usize = 16;

/// Attributes of one data set or item.
#[derive(Debug, Clone)]
pub struct DataSet(InMemDicomObject);

impl DataSet {
    /// One without attributes.
    pub fn new() -> Self {
        DataSet(InMemDicomObject::new_empty())
    }

    /// With a text, cut to what its representation holds; empty for an attribute that has to be there without a value.
    pub fn text(self, tag: Tag, value: &str) -> Self {
        let vr = representation(tag);
        let value: String = ascii(value).chars().take(letters(vr)).collect();
        self.put(tag, vr, PrimitiveValue::from(value))
    }

    /// With several texts.
    pub fn texts(self, tag: Tag, values: &[&str]) -> Self {
        let values = values.iter().map(|value| ascii(value)).collect();
        self.put(tag, representation(tag), PrimitiveValue::Strs(values))
    }

    /// With a whole number of two bytes.
    pub fn number(self, tag: Tag, value: u16) -> Self {
        self.put(tag, representation(tag), PrimitiveValue::from(value))
    }

    /// With whole numbers of two bytes.
    pub fn numbers16(self, tag: Tag, values: &[u16]) -> Self {
        self.put(tag, representation(tag), PrimitiveValue::U16(values.into()))
    }

    /// With whole numbers of four bytes.
    pub fn numbers32(self, tag: Tag, values: &[u32]) -> Self {
        self.put(tag, representation(tag), PrimitiveValue::U32(values.into()))
    }

    /// With a number in double precision.
    pub fn double(self, tag: Tag, value: f64) -> Self {
        self.put(tag, representation(tag), PrimitiveValue::from(value))
    }

    /// With the tag of another attribute.
    pub fn tag(self, tag: Tag, value: Tag) -> Self {
        self.put(tag, representation(tag), PrimitiveValue::Tags([value][..].into()))
    }

    /// With numbers as decimal strings.
    pub fn decimals(self, tag: Tag, values: &[f64]) -> Self {
        let values = values.iter().map(|value| decimal(*value)).collect();
        self.put(tag, representation(tag), PrimitiveValue::Strs(values))
    }

    /// With a text as it lies in another file, in that file's character set.
    pub fn raw_text(self, tag: Tag, value: &[u8]) -> Self {
        let vr = representation(tag);
        let mut value = value.to_vec();
        if value.len() % 2 == 1 {
            value.push(if vr == VR::UI { 0 } else { b' ' });
        }
        self.put(tag, vr, PrimitiveValue::from(value))
    }

    /// With a sequence.
    pub fn items(mut self, tag: Tag, items: Vec<DataSet>) -> Self {
        let items: Vec<InMemDicomObject> = items.into_iter().map(|item| item.0).collect();
        self.0.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
        self
    }

    /// With a sequence of one item.
    pub fn item(self, tag: Tag, item: DataSet) -> Self {
        self.items(tag, vec![item])
    }

    /// With pixels of at most one byte.
    pub fn pixels(self, mut bytes: Vec<u8>) -> Self {
        if bytes.len() % 2 == 1 {
            bytes.push(0);
        }
        self.put(tags::PIXEL_DATA, VR::OB, PrimitiveValue::from(bytes))
    }

    /// With all that another one has.
    pub fn with(mut self, other: DataSet) -> Self {
        for element in other.0 {
            self.0.put(element);
        }
        self
    }

    /// Writes it as a file (PS3.10 7), explicit little endian.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write(self, path: &Path) -> Result<()> {
        let meta = FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
        let object = self.0.with_meta(meta).map_err(|e| Error::write(path, e))?;
        object.write_to_file(path).map_err(|e| Error::write(path, e))
    }

    fn put(mut self, tag: Tag, vr: VR, value: PrimitiveValue) -> Self {
        self.0.put(DataElement::new(tag, vr, value));
        self
    }
}

fn representation(tag: Tag) -> VR {
    StandardDataDictionary.by_tag(tag).map_or(VR::UN, |entry| entry.vr().relaxed())
}

/// Letters that a text may have (PS3.5 6.2).
fn letters(vr: VR) -> usize {
    match vr {
        VR::CS | VR::SH => 16,
        VR::LO | VR::UI | VR::PN => 64,
        VR::ST => 1024,
        VR::LT => 10240,
        _ => usize::MAX,
    }
}

/// A text in ASCII; backslashes would part it.
fn ascii(text: &str) -> String {
    let letter = |c| match c {
        '³' => '3',
        '²' => '2',
        '–' | '−' => '-',
        '\\' => '/',
        c if c == '\n' || c.is_ascii_graphic() || c == ' ' => c,
        _ => '?',
    };
    text.chars().map(letter).collect()
}

/// The decimal string nearest to a number.
pub fn decimal(value: f64) -> String {
    let plain = value.to_string();
    if plain.len() <= DECIMAL_LETTERS {
        return plain;
    }
    // A sign, a point and an exponent take letters, too: the nearest is looked for among all that fit.
    let forms =
        (0..DECIMAL_LETTERS).rev().flat_map(|digits| [format!("{value:.digits$}"), format!("{value:.digits$e}")]);
    let off = |text: &String| text.parse().map_or(f64::INFINITY, |read: f64| (read - value).abs());
    let fitting = forms.filter(|text| text.len() <= DECIMAL_LETTERS).min_by(|a, b| off(a).total_cmp(&off(b)));
    let fitting = fitting.unwrap_or(plain);
    let has_zeros = fitting.contains('.') && !fitting.contains('e');
    if has_zeros { fitting.trim_end_matches('0').trim_end_matches('.').to_owned() } else { fitting }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_is_the_nearest_of_sixteen_letters() {
        for (value, text) in [
            (0.0, "0"),
            (-123.5, "-123.5"),
            (0.703125, "0.703125"),
            (8.96, "8.96"),
            (1.0 / 3.0, "0.33333333333333"),
            (-1.0 / 3.0, "-0.3333333333333"),
            (-1234.567891234567, "-1234.5678912346"),
            (1.2345678901234567e-20, "1.2345678901e-20"),
        ] {
            assert_eq!((decimal(value).as_str(), decimal(value).len() <= 16), (text, true));
        }
    }

    #[test]
    fn ascii_text_has_no_letter_that_parts_it_or_needs_a_character_set() {
        assert_eq!(ascii("12 mm³ − a\\b é"), "12 mm3 - a/b ?");
    }

    #[test]
    fn text_is_cut_to_what_its_representation_holds() {
        let cut = DataSet::new().text(tags::SERIES_DESCRIPTION, &"x".repeat(100));
        assert_eq!(cut.0.get(tags::SERIES_DESCRIPTION).unwrap().to_str().unwrap().len(), 64);
    }
}
