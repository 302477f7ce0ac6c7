//! Who is measured.

use clap::ValueEnum;

use crate::backend::Backend;

/// Whether sessions that were read are kept in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Near {
    Off,
    On,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Who {
    Ours,
    OursNear,
    OursActix,
    TowerSessions,
    TowerSessionsMoka,
    AxumSession,
    AxumSessionMemory,
    ActixSession,
    ExpressSession,
}

impl Who {
    /// Gives the name in figures.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::OursNear => "ours_near",
            Self::OursActix => "ours_actix",
            Self::TowerSessions => "tower_sessions",
            Self::TowerSessionsMoka => "tower_sessions_moka",
            Self::AxumSession => "axum_session",
            Self::AxumSessionMemory => "axum_session_memory",
            Self::ActixSession => "actix_session",
            Self::ExpressSession => "express_session",
        }
    }

    /// Gives those that there are for a backend.
    pub(crate) fn on(backend: Backend) -> &'static [Self] {
        match backend {
            Backend::Memory => &[
                Self::Ours,
                Self::TowerSessions,
                Self::TowerSessionsMoka,
                Self::AxumSessionMemory,
                Self::OursActix,
                Self::ActixSession,
            ],
            Backend::Sqlite | Backend::Postgres => &[
                Self::Ours,
                Self::OursNear,
                Self::TowerSessions,
                Self::TowerSessionsMoka,
                Self::AxumSession,
                Self::AxumSessionMemory,
            ],
            Backend::Redis => &[
                Self::Ours,
                Self::OursNear,
                Self::TowerSessions,
                Self::TowerSessionsMoka,
                Self::AxumSession,
                Self::AxumSessionMemory,
                Self::OursActix,
                Self::ActixSession,
                Self::ExpressSession,
            ],
        }
    }

    /// Gives who of ours does for the caller what this peer does: on the same framework, and keeping as much in its
    /// process. In memory everybody keeps all there.
    pub(crate) fn counterpart(self, backend: Backend) -> Self {
        match self {
            Self::ActixSession => Self::OursActix,
            Self::TowerSessionsMoka | Self::AxumSessionMemory if Self::on(backend).contains(&Self::OursNear) => {
                Self::OursNear
            }
            _ => Self::Ours,
        }
    }

    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::Ours | Self::OursNear | Self::OursActix)
    }
}
