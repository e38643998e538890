//! Tables of codes, with their names as the specifications have them.

/// Bytes that each mean something; any other byte means nothing.
macro_rules! bytes {
    (
        $(#[$about:meta])*
        pub enum $table:ident {
            $($(#[$what:meta])* $code:ident = $byte:literal, $name:literal;)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $table {
            $($(#[$what])* $code = $byte,)*
        }

        impl $table {
            /// All of them, in their order.
            pub const ALL: [Self; [$($byte),*].len()] = [$(Self::$code),*];

            /// Its byte.
            #[must_use]
            pub const fn byte(self) -> u8 {
                self as u8
            }

            /// Of a byte.
            #[must_use]
            pub fn from_byte(byte: u8) -> Option<Self> {
                Self::ALL.into_iter().find(|code| code.byte() == byte)
            }

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }
        }

        impl ::core::fmt::Display for $table {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

/// An answer's codes: that of its request without the highest bit, and some that answer any request.
macro_rules! answers {
    (
        $(#[$about:meta])*
        pub enum $table:ident to $request:ident {
            $($(#[$what:meta])* $code:ident, $constant:ident = $byte:literal;)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $table {
            /// What was asked for.
            To($request),
            $($(#[$what])* $code,)*
        }

        impl $table {
            $(
                #[doc = concat!("The byte of [`Self::", stringify!($code), "`].")]
                pub const $constant: u8 = $byte;
            )*
            const REQUEST: u8 = 0x80;

            /// Its byte.
            #[must_use]
            pub const fn byte(self) -> u8 {
                match self {
                    Self::To(request) => request.byte() & !Self::REQUEST,
                    $(Self::$code => Self::$constant,)*
                }
            }

            /// Of a byte.
            #[must_use]
            pub fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $(Self::$constant => Some(Self::$code),)*
                    Self::REQUEST.. => None,
                    _ => $request::from_byte(byte | Self::REQUEST).map(Self::To),
                }
            }
        }
    };
}

/// Errors, of which a peer may know more.
macro_rules! errors {
    (
        $(#[$about:meta])*
        pub struct $table:ident {
            $($(#[$what:meta])* $code:ident = $number:literal, $name:literal;)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $table(pub u32);

        impl $table {
            $($(#[$what])* pub const $code: Self = Self($number);)*

            /// Its name, if it has one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                Some(match self {
                    $(Self::$code => $name,)*
                    _ => return None,
                })
            }
        }

        impl ::core::fmt::Display for $table {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "error {:#x}", self.0),
                }
            }
        }
    };
}

pub(crate) use {answers, bytes, errors};
