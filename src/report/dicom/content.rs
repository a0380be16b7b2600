//! Content items of a structured report (PS3.3 C.17.3).

use dicom_dictionary_std::tags;

use super::{
    codes::Concept,
    data_set::{DataSet, decimal},
};

/// How an item belongs to the one around it.
#[derive(Debug, Clone, Copy)]
pub enum Relation {
    Contains,
    HasConceptMod,
    HasObsContext,
    HasAcqContext,
    HasProperties,
}

impl Relation {
    fn name(self) -> &'static str {
        match self {
            Relation::Contains => "CONTAINS",
            Relation::HasConceptMod => "HAS CONCEPT MOD",
            Relation::HasObsContext => "HAS OBS CONTEXT",
            Relation::HasAcqContext => "HAS ACQ CONTEXT",
            Relation::HasProperties => "HAS PROPERTIES",
        }
    }
}

/// One content item and those inside it.
#[derive(Debug, Clone)]
pub struct Item {
    set: DataSet,
    inside: Vec<Item>,
}

impl Item {
    fn of(relation: Relation, kind: &str, name: &Concept) -> DataSet {
        named(kind, name).text(tags::RELATIONSHIP_TYPE, relation.name())
    }

    fn leaf(set: DataSet) -> Self {
        Item { set, inside: Vec::new() }
    }

    /// A container; `template` is that of PS3.16 that it follows.
    pub fn container(name: Concept, template: Option<&str>, inside: Vec<Item>) -> Self {
        let set = Self::of(Relation::Contains, "CONTAINER", &name).text(tags::CONTINUITY_OF_CONTENT, "SEPARATE");
        let set = match template {
            Some(number) => set.item(tags::CONTENT_TEMPLATE_SEQUENCE, template_item(number)),
            None => set,
        };
        Item { set, inside }
    }

    pub fn code(relation: Relation, name: Concept, value: &Concept) -> Self {
        Self::leaf(Self::of(relation, "CODE", &name).item(tags::CONCEPT_CODE_SEQUENCE, value.item()))
    }

    pub fn text(relation: Relation, name: Concept, value: &str) -> Self {
        Self::leaf(Self::of(relation, "TEXT", &name).text(tags::TEXT_VALUE, value))
    }

    pub fn uid(relation: Relation, name: Concept, value: &str) -> Self {
        Self::leaf(Self::of(relation, "UIDREF", &name).text(tags::UID, value))
    }

    pub fn number(relation: Relation, name: Concept, value: f64, unit: &Concept) -> Self {
        let measured = DataSet::new()
            .text(tags::NUMERIC_VALUE, &decimal(value))
            .double(tags::FLOATING_POINT_VALUE, value)
            .item(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, unit.item());
        Self::leaf(Self::of(relation, "NUM", &name).item(tags::MEASURED_VALUE_SEQUENCE, measured))
    }

    /// An image, as [`super::modules::reference`] refers to it.
    pub fn image(name: Concept, reference: DataSet) -> Self {
        let set = Self::of(Relation::Contains, "IMAGE", &name);
        Self::leaf(set.item(tags::REFERENCED_SOP_SEQUENCE, reference))
    }

    /// With items inside it.
    pub fn holding(mut self, inside: impl IntoIterator<Item = Item>) -> Self {
        self.inside.extend(inside);
        self
    }

    fn item(self) -> DataSet {
        sequence(self.set, self.inside)
    }
}

/// The root of a tree: the attributes that the document itself has.
pub fn root(name: &Concept, template: &str, inside: Vec<Item>) -> DataSet {
    let set = named("CONTAINER", name)
        .text(tags::CONTINUITY_OF_CONTENT, "SEPARATE")
        .item(tags::CONTENT_TEMPLATE_SEQUENCE, template_item(template));
    sequence(set, inside)
}

fn named(kind: &str, name: &Concept) -> DataSet {
    DataSet::new().text(tags::VALUE_TYPE, kind).item(tags::CONCEPT_NAME_CODE_SEQUENCE, name.item())
}

fn template_item(number: &str) -> DataSet {
    DataSet::new().text(tags::MAPPING_RESOURCE, "DCMR").text(tags::TEMPLATE_IDENTIFIER, number)
}

fn sequence(set: DataSet, inside: Vec<Item>) -> DataSet {
    if inside.is_empty() {
        return set;
    }
    set.items(tags::CONTENT_SEQUENCE, inside.into_iter().map(Item::item).collect())
}
