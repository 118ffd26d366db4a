//! Sentences for people, carried in both languages so that a window can switch at any time.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// An interface language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    En,
    /// Russian.
    Ru,
}

/// One sentence in every language of the interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Text {
    /// English.
    pub en: String,
    /// Russian.
    pub ru: String,
}

impl Text {
    /// A text from its two forms.
    pub fn new(en: impl Into<String>, ru: impl Into<String>) -> Self {
        Self { en: en.into(), ru: ru.into() }
    }

    /// A text that needs no translation: a path, a figure, a program's own words.
    pub fn verbatim(text: impl Into<String>) -> Self {
        let en = text.into();
        Self { ru: en.clone(), en }
    }

    /// The form for a language.
    #[must_use]
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Ru => &self.ru,
        }
    }
}
