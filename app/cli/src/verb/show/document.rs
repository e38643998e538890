//! What is known of a function, as a document: the one source of the text for people and of the JSON for programs.

/// A titled block of fields, with blocks inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// What a person reads above the block.
    pub title: String,
    /// Its fields, in the order in which they are shown.
    pub fields: Vec<Field>,
    /// The blocks inside, shown after the fields.
    pub parts: Vec<Part>,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name for programs: snake case, with the unit as suffix.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// The fact.
    pub value: Value,
    /// What people read in its place, where that is not simply the value.
    pub text: Option<String>,
    /// Who gets to see it.
    pub audience: Audience,
}

/// Who gets to see something. Programs always get the same shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everyone.
    All,
    /// Programs always, people who ask for more.
    Curious,
    /// Programs only: people see it in the title, or as part of another field.
    Programs,
    /// People only: programs have it in other fields.
    People,
    /// People only, and only those who ask for more.
    CuriousPeople,
}

/// Blocks inside a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Their name for programs.
    pub name: &'static str,
    /// The blocks.
    pub content: Content,
    /// Who gets to see them.
    pub audience: Audience,
}

/// One block, which may be absent, or any number of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// One or none.
    One(Option<Section>),
    /// Any number.
    Many(Vec<Section>),
}

/// A fact's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// There is none.
    Missing,
    /// Yes or no.
    Bool(bool),
    /// A quantity.
    Number(u64, Unit),
    /// One of a fixed set of words.
    Word(String),
    /// Any text; it may come from a device.
    Text(String),
    /// Several quantities.
    Numbers(Vec<u64>, Unit),
    /// Several texts.
    List(Vec<String>),
    /// The bits of a register.
    Flags(Vec<Flag>),
}

/// A bit of a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Its name for programs.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// Whether it is set.
    pub set: bool,
}

/// What a number counts. Programs read it off the field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nothing.
    None,
    /// Nothing; people read it in hexadecimal with at least this many digits.
    Hex(usize),
    /// Bytes.
    Bytes,
    /// Milliwatts.
    Milliwatts,
    /// Milliamperes.
    Milliamperes,
    /// Microseconds.
    Microseconds,
    /// Seconds.
    Seconds,
    /// MT/s.
    MegatransfersPerSecond,
}

impl Section {
    /// A block without a field.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Adds a fact for everyone.
    pub fn field(self, name: &'static str, label: &'static str, value: impl Into<Value>) -> Self {
        self.push(name, label, value.into(), None, Audience::All)
    }

    /// Adds a fact that people see from `-v` on.
    pub fn detail(self, name: &'static str, label: &'static str, value: impl Into<Value>) -> Self {
        self.push(name, label, value.into(), None, Audience::Curious)
    }

    /// Adds a fact that people read in other words.
    pub fn worded(
        self,
        name: &'static str,
        label: &'static str,
        value: impl Into<Value>,
        text: impl Into<String>,
    ) -> Self {
        self.push(name, label, value.into(), Some(text.into()), Audience::All)
    }

    /// Adds a fact that people read in other words, and only from `-v` on.
    pub fn worded_detail(
        self,
        name: &'static str,
        label: &'static str,
        value: impl Into<Value>,
        text: impl Into<String>,
    ) -> Self {
        self.push(name, label, value.into(), Some(text.into()), Audience::Curious)
    }

    /// Adds a fact for programs.
    pub fn data(self, name: &'static str, value: impl Into<Value>) -> Self {
        self.push(name, "", value.into(), None, Audience::Programs)
    }

    /// Adds a line for people, made of facts that programs have in other fields.
    pub fn line(self, label: &'static str, value: impl Into<Value>) -> Self {
        self.push("", label, value.into(), None, Audience::People)
    }

    /// Adds a line for people from `-v` on.
    pub fn detail_line(self, label: &'static str, value: impl Into<Value>) -> Self {
        self.push("", label, value.into(), None, Audience::CuriousPeople)
    }

    /// Adds a block, or its absence.
    pub fn part(self, name: &'static str, section: Option<Self>) -> Self {
        self.push_part(name, Content::One(section), Audience::All)
    }

    /// Adds any number of blocks of a kind.
    pub fn parts(self, name: &'static str, sections: Vec<Self>) -> Self {
        self.push_part(name, Content::Many(sections), Audience::All)
    }

    /// Adds a block, or its absence, for programs.
    pub fn data_part(self, name: &'static str, section: Option<Self>) -> Self {
        self.push_part(name, Content::One(section), Audience::Programs)
    }

    /// Adds any number of blocks of a kind for programs.
    pub fn data_parts(self, name: &'static str, sections: Vec<Self>) -> Self {
        self.push_part(name, Content::Many(sections), Audience::Programs)
    }

    /// Adds all that `other` has, apart from its title.
    pub fn with(mut self, other: Self) -> Self {
        self.fields.extend(other.fields);
        self.parts.extend(other.parts);
        self
    }

    fn push(
        mut self,
        name: &'static str,
        label: &'static str,
        value: Value,
        text: Option<String>,
        audience: Audience,
    ) -> Self {
        self.fields.push(Field { name, label, value, text, audience });
        self
    }

    fn push_part(mut self, name: &'static str, content: Content, audience: Audience) -> Self {
        self.parts.push(Part { name, content, audience });
        self
    }
}

impl Audience {
    /// Whether programs are among it.
    pub fn has_programs(self) -> bool {
        !matches!(self, Self::People | Self::CuriousPeople)
    }

    /// Whether people are among it who gave `-v` this many times.
    pub fn has_people(self, verbose: u8) -> bool {
        match self {
            Self::All | Self::People => true,
            Self::Curious | Self::CuriousPeople => verbose > 0,
            Self::Programs => false,
        }
    }
}

impl Value {
    /// A number that people read in hexadecimal.
    pub fn hex(number: impl Into<u64>, digits: usize) -> Self {
        Self::Number(number.into(), Unit::Hex(digits))
    }

    /// A number of something.
    pub fn of(number: impl Into<u64>, unit: Unit) -> Self {
        Self::Number(number.into(), unit)
    }

    /// Several numbers of something.
    pub fn several(numbers: impl IntoIterator<Item = u32>, unit: Unit) -> Self {
        Self::Numbers(numbers.into_iter().map(Into::into).collect(), unit)
    }

    /// One of a fixed set of words.
    pub fn word(word: impl ToString) -> Self {
        Self::Word(word.to_string())
    }
}

macro_rules! number_values {
    ($($number:ty),*) => {
        $(impl From<$number> for Value {
            fn from(number: $number) -> Self {
                Self::Number(number.into(), Unit::None)
            }
        })*
    };
}
number_values!(u8, u16, u32, u64);

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<String>> for Value {
    fn from(list: Vec<String>) -> Self {
        Self::List(list)
    }
}

impl From<Vec<Flag>> for Value {
    fn from(flags: Vec<Flag>) -> Self {
        Self::Flags(flags)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}

/// The bits of a `bitflags` type, set or not, as a [`Value`].
macro_rules! flags {
    ($value:expr) => {{
        let value = $value;
        let all = value.union(value.complement());
        let bits = all.iter_names().map(|(name, bit)| (name, value.contains(bit)));
        $crate::verb::show::document::Value::Flags(bits.map(Into::into).collect())
    }};
}
pub(super) use flags;

impl From<(&str, bool)> for Flag {
    fn from((name, set): (&str, bool)) -> Self {
        Self { name: name.to_lowercase(), label: super::words::of_constant(name), set }
    }
}
